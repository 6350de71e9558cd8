(** [Queue::is_empty] on the consumer's thread, in the forward-linked form. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.unstable.base_logic Require Import mono_list.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.clients Require Import channel.
From mpsc_proof.forward Require Import observe form.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

(** [Queue::is_empty] calls [RawQueue::is_empty]. *)
Definition queue_is_empty : val := λ: "q", observe "q".

Section observer.
  Context `{!heapGS Σ, !forwardG Σ, !channelG Σ} (N : namespace).
  Context (P : loc → val → iProp Σ) (Left : val → iProp Σ) (Back : iProp Σ) (Woken : val → iProp Σ).
  Context `{!∀ w, Persistent (Woken w), !∀ w, Timeless (Woken w)}.

  Notation is_channel := (is_channel forward_linked N P Left Back Woken).
  Notation receiver := (receiver forward_linked).

  (** [true]: every item that is known to have been sent has been received. [false]: the next item
      has been sent. *)
  Theorem is_empty_spec γ (q : loc) k m st :
    is_channel γ q -∗ sent_upto γ m -∗
    {{{ receiver γ k st }}} queue_is_empty #q
    {{{ (b : bool), RET #b; receiver γ k st ∗ if b then ⌜m ≤ k⌝ else ∃ v, sent γ k v }}}.
  Proof.
    iIntros "#[Hinv Hchan] #Hupto !>" (Φ) "[Hc Hst'] HΦ".
    wp_lam. iApply (observe_spec with "Hinv"). iAuIntro.
    iInv "Hchan" as (h xs k' parked st' calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (queue_bounds with "Hq") as %[Hk _].
    iDestruct (ghost_var_agree with "Hst Hst'") as %[= -> ->].
    iDestruct (sent_upto_le forward_linked P Left Back Woken with "Hxs Hupto") as %Hm.
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hc Hst' HΦ". iNext.
      iExists h, xs, k, parked, st, calls. by iFrame. }
    iIntros "Hq". iDestruct (mono_list_lb_own_get with "Hxs") as "#Hlb".
    iAssert (if bool_decide (k = length h) then ⌜m ≤ k⌝ else ∃ v, sent γ k v)%I as "Hb".
    { case_bool_decide as Hlast; first by (iPureIntro; lia).
      destruct (lookup_lt_is_Some_2 xs k) as [[v b] Hv]; first lia.
      iExists v, b. by iApply (mono_list_idx_own_get with "Hlb"). }
    iModIntro. iSplitR "Hc Hst' HΦ Hb".
    { iNext. iExists h, xs, k, parked, st, calls. by iFrame. }
    iApply ("HΦ" with "[$Hc $Hst' $Hb]").
  Qed.
End observer.
