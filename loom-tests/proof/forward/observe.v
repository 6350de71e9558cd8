(** [is_empty] of the forward-linked form, for any thread (mpsc/src/form/raw.rs). [held] is left
    out: in this form, only closing sets it. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.forward Require Export invariant.
From iris.prelude Require Import options.

Definition observe : val := λ: "q", is_empty (! "q").

Section observe.
  Context `{!heapGS Σ, !forwardG Σ} (N : namespace).

  (** At one moment, the answer is exact. *)
  Lemma observe_spec γ (q : loc) D Φ :
    is_queue N γ q D -∗
    AU << ∃∃ h k parked, queue γ h k parked >> @ ⊤ ∖ ↑N, ∅
       << queue γ h k parked, COMM Φ #(bool_decide (k = length h)) >> -∗
    WP observe #q {{ Φ }}.
  Proof.
    iIntros "#Hinv AU". wp_lam. wp_bind (! _)%E.
    iInv N as (P Q parked s)
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iMod "AU" as (h k parked') "[Hq' [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    iDestruct (parked_empty with "Hq") as %Hparked. rewrite empty_decide.
    wp_load. iMod ("Hcommit" with "Hq'") as "HΦ". iModIntro. iModIntro.
    iSplitR "HΦ"; first by (iNext; iExists P, Q, parked, s; iFrame).
    destruct Q as [|e Q]; rewrite /is_empty.
    - rewrite /back_val bool_decide_true //. destruct parked; by wp_pures.
    - destruct parked; first by specialize (Hparked eq_refl).
      destruct (back_val_cons Q e false) as [n ->]. rewrite bool_decide_false //. by wp_pures.
  Qed.
End observe.
