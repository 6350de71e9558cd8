(** A queue that owns its waker, in the forms with a gap (mpsc/src/waking/): the consumer fills a
    slot before it parks, and the push that replaces the mark empties the slot in its gap. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.clients Require Export flags channel.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Section waking.
  Context `{!heapGS Σ, !queueG Σ, !channelG Σ} (F : mpsc Σ) (N : namespace).
  Context (P : loc → val → iProp Σ) (slot : loc).

  Implicit Types (γ : channel_name) (q n flag : loc) (k m : nat) (v w : val).

  Local Notation push_and_wake := (programs.push_and_wake (program_of F) take_waker).
  Local Notation recv := (programs.recv (program_of F)).

  (** ** The protocol *)

  (** What the consumer leaves when it parks: the slot, filled, and the right to wake. *)
  Definition filled w : iProp Σ :=
    ∃ flag, ⌜w = SOMEV #flag⌝ ∗ slot ↦ w ∗ right_to_wake N flag.
  Definition woken w : iProp Σ := ∃ flag : loc, ⌜w = SOMEV #flag⌝ ∗ flag ↦□ #true.

  (** What the push gives back in its gap: the slot, from which it has taken the waker out. The slot
      is the consumer's again as soon as it has popped the item. *)
  Definition emptied : iProp Σ := slot ↦ NONEV.
  Definition slot_owned : iProp Σ := ∃ v, slot ↦ v.

  Notation is_channel := (is_channel F N P filled emptied woken).

  (** The push takes the waker and, with it, the right to wake. *)
  Lemma take_waker_spec w :
    {{{ filled w }}} take_waker #slot
    {{{ RET w; emptied ∗ ∃ flag, ⌜w = SOMEV #flag⌝ ∗ right_to_wake N flag }}}.
  Proof.
    iIntros (Φ) "(%flag & -> & Hslot & Hright) HΦ". wp_lam. wp_load. wp_pures. wp_store.
    iModIntro. iApply "HΦ". iFrame "Hslot".
    iExists flag. by iFrame.
  Qed.

  (** A push returns only after it has made the wake-up that it owed. *)
  Theorem push_and_wake_spec γ q n v f m :
    is_channel γ q -∗ sent_upto γ m -∗
    {{{ sender γ f ∗ item P n v }}} push_and_wake #q #slot #n
    {{{ RET #(); ∃ i, ⌜m ≤ i⌝ ∗ sent γ i v ∗ sender γ f }}}.
  Proof.
    iIntros "#Hchan #Hupto !>" (Φ) "[Hs Hitem] HΦ". wp_lam. wp_pures.
    wp_apply (push_item_spec _ _ _ _ _ _ _ _ _ _ _ _ _ True%I
      (λ w a, ⌜a = w⌝ ∗ ∃ flag, ⌜w = SOMEV #flag⌝ ∗ right_to_wake N flag)%I
      with "Hchan Hupto [$Hs $Hitem]").
    { iSplit; first done. iIntros (w) "_ Hfilled". wp_pures.
      wp_apply (take_waker_spec with "Hfilled"). iIntros "[Hslot Hright]". iSplitL "Hslot"; last by iFrame.
      rewrite /back_in_gap. by destruct (has_gap F). }
    iIntros (r) "(%i & %Hm & #Hsent & Hr)".
    iDestruct "Hr" as "[(-> & Hs & _)|(%w & %a & -> & Hwakeup & -> & Hright)]"; wp_pures.
    { iApply "HΦ". iExists i. by iFrame "Hsent Hs". }
    iDestruct "Hright" as (flag) "[-> Hright]". wp_pures. iApply wp_fupd.
    wp_apply (set_flag_spec with "Hright"). iIntros "#Hset".
    iMod (wakeup_done with "Hchan Hwakeup []") as "Hs"; first by iExists flag; iFrame "Hset".
    iModIntro. iApply "HΦ". iExists i. by iFrame "Hsent Hs".
  Qed.

  (** The consumer between two rounds of [recv]: the slot is its own, or it has parked and a push
      has replaced its mark. *)
  Definition waiting γ k (st : status) : iProp Σ :=
    match st with Awake => slot_owned | Asleep _ => ∃ v, sent γ k v end.

  (** [recv] returns item number [k], with its payload; and the slot is the consumer's again. *)
  Theorem recv_spec γ q k :
    has_gap F = true →
    is_channel γ q -∗
    {{{ receiver F γ k Awake ∗ slot_owned }}} recv #q #slot
    {{{ n, RET #n; ∃ v, sent γ k v ∗ item P n v ∗ receiver F γ (S k) Awake ∗ slot_owned }}}.
  Proof.
    iIntros (Hgap) "#Hchan !>". iIntros (Φ) "[Hr Hw] HΦ".
    iAssert (∃ st, receiver F γ k st ∗ waiting γ k st)%I with "[Hr Hw]" as (st) "[Hr Hw]".
    { iExists Awake. iFrame. }
    iLöb as "IH" forall (st).
    wp_lam. wp_pures.
    iAssert (∃ m, sent_upto γ m ∗ ⌜if st is Asleep _ then k < m else True⌝)%I
      as "(%m & #Hm & %Hkm)".
    { destruct st as [|w]; first by (iExists 0; iSplit; [by iLeft|]).
      iDestruct "Hw" as (v) "#Hsent". iExists (S k). iSplit; last (iPureIntro; lia).
      iRight. iExists k, v. by iFrame "Hsent". }
    wp_apply (pop_item_spec F N P filled emptied woken γ q k m st None with "Hchan Hm [$Hr]").
    iIntros (a) "[_ Ha]". destruct a as [n| |]; wp_pures.
    - iDestruct "Ha" as (v) "(Hsent & Hitem & Hr & Hback)". iApply "HΦ".
      iExists v. iFrame. destruct st; first done. rewrite /back_in_gap Hgap. by iExists _.
    - iDestruct "Ha" as "[%Hmk Hr]". destruct st as [|w]; last lia.
      wp_alloc flag as "Hflag". iMod (new_flag N with "Hflag") as "[#Hflag Hright]".
      iDestruct "Hw" as (v) "Hslot". wp_pures. wp_store. wp_pures.
      wp_apply (park_consumer_spec F N P filled emptied woken γ q k m (SOMEV #flag)
        with "Hchan Hm [$Hr Hright Hslot]").
      { iExists flag. by iFrame. }
      iIntros ([]) "Hpark".
      + iDestruct "Hpark" as "[_ Hr]". wp_pures.
        wp_apply (sleep_until_spec with "Hflag"). iIntros "_". wp_pures.
        wp_apply (unpark_consumer_spec with "Hchan Hr"). iIntros ([]) "Hunpark"; wp_pures.
        * iDestruct "Hunpark" as "[Hr (%flag' & _ & Hslot & _)]".
          iApply ("IH" with "HΦ Hr [Hslot]"). by iExists _.
        * iDestruct "Hunpark" as "[Hr Hsent]". iApply ("IH" with "HΦ Hr Hsent").
      + iDestruct "Hpark" as "(Hr & (%flag' & _ & Hslot & _) & _)". wp_pures.
        iApply ("IH" with "HΦ Hr [Hslot]"). by iExists _.
    - iDestruct "Ha" as "(_ & _ & Hr)". iApply ("IH" with "HΦ Hr Hw").
  Qed.
End waking.
