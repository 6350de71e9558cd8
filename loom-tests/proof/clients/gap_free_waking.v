(** A queue that owns its waker, if the push takes it late (mpsc/src/waking/): in the gap-free form,
    the consumer may have received the item, and be about to park again, while the push has yet to
    come to the slot.

    The slot works for each form, so this file does not ask for one without a gap. *)
From iris.proofmode Require Import proofmode.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.clients Require Export channel late_slot.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Section waking.
  Context `{!heapGS Σ, !queueG Σ, !channelG Σ, !late_slotG Σ} (F : mpsc Σ) (N : namespace).
  Context (P : loc → val → iProp Σ) (slot : loc) (g : slot_name).

  Implicit Types (γ : channel_name) (q n flag : loc) (k m t : nat) (v w : val) (f : Qp).

  Local Notation push_and_wake := (programs.push_and_wake (program_of F) take_late).
  Local Notation park_late := (programs.park_late (program_of F)).
  Local Notation recv_late := (programs.recv_late (program_of F)).
  Local Notation is_slot := (is_slot N slot g).

  (** ** The protocol *)

  (** The consumer names its waker by the flag and by how many it has left. It passes on nothing
      else when it parks: the push gets the waker from the slot. *)
  Definition left_late w : iProp Σ := ∃ flag t, ⌜w = (#flag, #t)%V⌝ ∗ left_upto g t.
  Definition woken_late w : iProp Σ := ∃ flag t, ⌜w = (#flag, #t)%V⌝ ∗ dealt_with g t.

  Notation is_channel := (is_channel F N P left_late True%I woken_late).

  (** The permission to push. *)
  Definition pusher γ f : iProp Σ := sender γ f ∗ share g f.

  (** The slot is the consumer's, as far as it ever is. *)
  Definition late_slot_owned : iProp Σ :=
    ∃ p t cur, ⌜is_fill p = false⌝ ∗ consumer_slot slot g p t cur.

  (** The consumer sleeps, and has left [flag] to be set: at its mark, or to a push that was in the
      slot. *)
  Definition asleep γ k flag : iProp Σ :=
    ∃ st p t, ⌜is_fill p = false⌝ ∗ receiver F γ k st ∗ consumer_slot slot g p t (Some flag) ∗
      (⌜st = Asleep (#flag, #t)⌝ ∨ dealt_with g t).

  (** ** The push *)

  (** A push returns only after it has called the waker that it has taken. *)
  Theorem push_and_wake_late_spec γ q n v f m :
    is_channel γ q -∗ is_slot -∗ sent_upto γ m -∗
    {{{ pusher γ f ∗ item P n v }}} push_and_wake #q #slot #n
    {{{ RET #(); ∃ i, ⌜m ≤ i⌝ ∗ sent γ i v ∗ pusher γ f }}}.
  Proof.
    iIntros "#Hchan #Hslot #Hupto !>" (Φ) "[[Hs Hshare] Hitem] HΦ". wp_lam. wp_pures.
    wp_apply (push_item_spec _ _ _ _ _ _ _ _ _ _ _ _ _ (share g f)
      (λ w a, woken_late w ∗ took N g f a)%I with "Hchan Hupto [$Hs $Hitem $Hshare]").
    { iIntros (w) "Hshare (%flag & %t & -> & #Ht)". wp_pures.
      wp_apply (take_late_spec with "Hslot [$Hshare $Ht]"). iIntros (a) "[#Hdealt $]".
      iSplit; first by rewrite /back_in_gap; destruct (has_gap F).
      iExists flag, t. by iFrame "Hdealt". }
    iIntros (r) "(%i & %Hm & #Hsent & Hr)".
    iDestruct "Hr" as "[(-> & Hs & Hshare)|(%w & %a & -> & Hwakeup & #Hwoken & Htook)]"; wp_pures.
    { iApply "HΦ". iExists i. by iFrame "Hsent Hs Hshare". }
    iDestruct "Htook" as "[[-> Hshare]|(%flag & -> & Hcall & Hright)]"; wp_pures.
    - iMod (wakeup_done with "Hchan Hwakeup Hwoken") as "Hs".
      iModIntro. iApply "HΦ". iExists i. by iFrame "Hsent Hs Hshare".
    - iApply wp_fupd. wp_apply (set_flag_spec with "Hright"). iIntros "#Hset".
      iMod (call_done with "Hslot Hcall Hset") as "Hshare".
      iMod (wakeup_done with "Hchan Hwakeup Hwoken") as "Hs".
      iModIntro. iApply "HΦ". iExists i. by iFrame "Hsent Hs Hshare".
  Qed.

  (** ** The consumer *)

  (** If [park_late] returns [true], the consumer is asleep. Otherwise there is an item. *)
  Theorem park_late_spec γ q k st flag :
    is_channel γ q -∗ is_slot -∗
    {{{ receiver F γ k st ∗ late_slot_owned ∗ right_to_wake N flag }}} park_late #q #slot #flag
    {{{ (b : bool), RET #b;
        if b then asleep γ k flag
        else (∃ st', receiver F γ k st') ∗ late_slot_owned ∗ ∃ v, sent γ k v }}}.
  Proof.
    iIntros "#Hchan #Hslot !>" (Φ) "(Hr & (%m & %t & %cur & %Hm & Hown) & Hright) HΦ".
    wp_lam. wp_pures. wp_bind (unpark_consumer _ _).
    iApply (wp_wand _ _ _ (λ r, ∃ b : bool, ⌜r = #b⌝ ∗
      if b then receiver F γ k Awake else ∃ st', receiver F γ k st' ∗ ∃ v, sent γ k v)%I
      with "[Hr]").
    { destruct st as [|w].
      - wp_apply (unpark_awake_spec with "Hchan Hr"). iIntros (b) "[Hr Hb]". iExists b.
        iSplit; first done. destruct b; first by iFrame. iExists Awake. iFrame.
      - wp_apply (unpark_consumer_spec with "Hchan Hr"). iIntros (b) "Hr". iExists b.
        iSplit; first done. destruct b; first by iDestruct "Hr" as "[$ _]".
        iExists (Asleep w). iFrame. }
    iIntros (r) "(%b & -> & Hr)". destruct b; wp_pures; last first.
    { iDestruct "Hr" as (st') "[Hr Hsent]". iModIntro. iApply "HΦ". iFrame "Hsent".
      iSplitL "Hr"; first by iExists st'. iExists m, t, cur. by iFrame. }
    wp_apply (fill_late_spec with "Hslot [$Hown $Hright]"); first done.
    iIntros ([]) "(%m' & %Hm' & Hown & #Hleft & Hdealt)"; wp_pures; last first.
    { iModIntro. iApply "HΦ". iExists Awake, m', (S t). by iFrame. }
    wp_apply (park_consumer_spec F N P left_late True%I woken_late γ q k 0 (#flag, #(S t))
      with "Hchan [] [$Hr]"); [by iLeft|by iExists flag, (S t); iFrame "Hleft"|].
    iIntros ([]) "Hpark"; wp_pures.
    - iDestruct "Hpark" as "[_ Hr]". iModIntro. iApply "HΦ". iExists _, m', (S t). iFrame.
      iSplit; first done. by iLeft.
    - iDestruct "Hpark" as "(Hr & _ & Hsent)".
      wp_apply (clear_late_spec with "Hslot Hown"); first done. iIntros (c) "Hown". wp_pures.
      iModIntro. iApply "HΦ". iFrame "Hsent". iSplitL "Hr"; first by iExists Awake.
      iExists (Own c), (S t), None. by iFrame.
  Qed.

  (** No wake-up is lost: if the consumer sleeps although an item has been sent, and no push is in
      flight, then the flag that it waits for is set. *)
  Theorem no_lost_wakeup_late γ q k flag v :
    is_channel γ q -∗ is_slot -∗ asleep γ k flag -∗ sent γ k v -∗ pusher γ 1 ={⊤}=∗
    asleep γ k flag ∗ pusher γ 1 ∗ flag ↦□ #true.
  Proof.
    iIntros "#Hchan #Hslot (%st & %m & %t & %Hm & Hr & [Hknows Hown] & Hst) #Hsent [Hs Hshare]".
    iAssert (|={⊤}=> receiver F γ k st ∗ sender γ 1 ∗ dealt_with g t)%I
      with "[Hr Hs Hst]" as ">(Hr & Hs & #Hdealt)".
    { iDestruct "Hst" as "[->|#Hdealt]"; last by iFrame "Hr Hs Hdealt".
      iMod (no_lost_wakeup with "Hchan Hr Hsent Hs") as "($ & $ & %flag' & %t' & %Heq & #Hdealt)".
      injection Heq as _ ->%(inj Z.of_nat). by iFrame "Hdealt". }
    iMod (last_waker_called with "Hslot Hknows Hdealt Hshare") as "(Hknows & Hshare & #Hset)".
    iModIntro. iFrame "Hs Hshare Hset". iExists st, m, t. iFrame. iSplit; first done. by iRight.
  Qed.

  (** [recv_late] returns item number [k], with its payload. It may sleep any number of times, and
      wake up for no reason. *)
  Theorem recv_late_spec γ q k :
    is_channel γ q -∗ is_slot -∗
    {{{ receiver F γ k Awake ∗ late_slot_owned }}} recv_late #q #slot
    {{{ n, RET #n;
        ∃ v, sent γ k v ∗ item P n v ∗ receiver F γ (S k) Awake ∗ late_slot_owned }}}.
  Proof.
    iIntros "#Hchan #Hslot !>" (Φ) "[Hr Hown] HΦ".
    iAssert (∃ st, receiver F γ k st)%I with "[Hr]" as (st) "Hr"; first by iExists Awake.
    iLöb as "IH" forall (st). wp_lam. wp_pures.
    wp_apply (pop_item_spec F N P left_late True%I woken_late γ q k 0 st None
      with "Hchan [] [$Hr]"); first by iLeft.
    iIntros (a) "[_ Ha]". destruct a as [n| |]; wp_pures.
    - iDestruct "Ha" as (v) "(Hsent & Hitem & Hr & _)". iModIntro. iApply "HΦ". iExists v. iFrame.
    - iDestruct "Ha" as "[_ Hr]". wp_alloc flag as "Hflag".
      iMod (new_flag N with "Hflag") as "[#Hflag Hright]". wp_pures.
      wp_apply (park_late_spec with "Hchan Hslot [$Hr $Hown $Hright]"). iIntros ([]) "H"; wp_pures.
      + wp_apply (sleep_at_most_spec with "Hflag"). iIntros "_". wp_pures.
        iDestruct "H" as (st' m t) "(%Hm & Hr & Hown & _)".
        iApply ("IH" with "[Hown] HΦ Hr"). iExists m, t, _. by iFrame.
      + iDestruct "H" as "([%st' Hr] & Hown & _)". iApply ("IH" with "Hown HΦ Hr").
    - iDestruct "Ha" as "(_ & _ & Hr)". iApply ("IH" with "Hown HΦ Hr").
  Qed.
End waking.
