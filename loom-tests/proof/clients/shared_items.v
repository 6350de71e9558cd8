(** Shared items (mpsc/src/item/link.rs, [SharedLink]): any number of handles may push the item, and
    its flag keeps it from being in a queue twice.

    The flag decides to whom the link belongs: to the item, if it is clear, and otherwise to the
    queue, to the push that has claimed it, or to the pop that is about to clear it. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.clients Require Export channel.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Section shared_items.
  Context `{!heapGS Σ, !queueG Σ, !channelG Σ} (F : mpsc Σ) (N : namespace).

  Local Notation try_push_shared := (programs.try_push_shared (program_of F)).
  Local Notation pop_shared := (programs.pop_shared (program_of F)).

  (** An item that handles anywhere may reach. It may be copied, as an [Arc] may be cloned. *)
  Definition is_shared (n : loc) (v : val) : iProp Σ :=
    inv (N .@ "item") (∃ flag : bool, (n +ₗ 2) ↦ #flag ∗
      if flag then True else (∃ next, n ↦ next) ∗ (n +ₗ 1) ↦ v).

  Notation is_channel :=
    (is_channel F N is_shared (λ _, True)%I True%I (λ _, True)%I).

  (** A push that claims the item sends it. One that does not ([AlreadyQueued]) changes nothing. *)
  Theorem try_push_shared_spec γ q n v f m :
    is_channel γ q -∗ is_shared n v -∗ sent_upto γ m -∗
    {{{ sender γ f }}} try_push_shared #q #n
    {{{ (b : bool), RET #b;
        sender γ f ∗ if b then ∃ i, ⌜m ≤ i⌝ ∗ sent γ i v else True }}}.
  Proof.
    iIntros "#Hchan #Hitem #Hm !>" (Φ) "Hs HΦ". wp_lam. wp_pures. wp_bind (Xchg _ _).
    iInv "Hitem" as ([]) "[>Hflag Hlink]".
    - wp_xchg. iModIntro. iSplitL "Hflag"; first by (iExists true; iFrame).
      wp_pures. iApply "HΦ". by iFrame.
    - iDestruct "Hlink" as ">[Hnext Hvalue]". wp_xchg. iModIntro.
      iSplitL "Hflag"; first by (iExists true; iFrame).
      wp_pures.
      wp_apply (push_item_spec _ _ _ _ _ _ γ q n v f m _ True%I (λ _ _, True)%I
        with "Hchan Hm [$Hs $Hnext $Hvalue $Hitem]").
      { iSplit; first done. iIntros (w) "_ _". wp_pures. rewrite /back_in_gap.
        by destruct (has_gap F). }
      iIntros (r) "(%i & %Hi & #Hsent & Hr)". iApply wp_fupd. wp_pures.
      iAssert (|={⊤}=> sender γ f)%I with "[Hr]" as ">Hs".
      { iDestruct "Hr" as "[(_ & $ & _)|(%w & %a & _ & Hwakeup & _)]"; first done.
        by iApply (wakeup_done with "Hchan Hwakeup"). }
      iModIntro. iApply "HΦ". iFrame "Hs". iExists i. by iFrame "Hsent".
  Qed.

  (** A pop returns the item that was sent, and the item may be pushed again at once. *)
  Theorem pop_shared_spec γ q k m :
    is_channel γ q -∗ sent_upto γ m -∗
    {{{ receiver F γ k Awake }}} pop_shared #q
    {{{ a, RET (answer_val a);
        match a with
        | Item n => ∃ v, sent γ k v ∗ is_shared n v ∗ receiver F γ (S k) Awake
        | Empty => ⌜m ≤ k⌝ ∗ receiver F γ k Awake
        | Stalled => ⌜has_gap F = true⌝ ∗ receiver F γ k Awake
        end }}}.
  Proof.
    iIntros "#Hchan #Hm !>" (Φ) "Hr HΦ". wp_lam.
    wp_apply (pop_item_spec _ _ _ _ _ _ γ q k m Awake None with "Hchan Hm [$Hr]").
    iIntros (a) "[_ Ha]". destruct a as [n| |]; wp_pures.
    - iDestruct "Ha" as (v) "(#Hsent & [[%next Hnext] [Hvalue #Hitem]] & Hr & _)".
      wp_bind (CmpXchg _ _ _). iInv "Hitem" as ([]) "[>Hflag Hlink]".
      + wp_cmpxchg_suc. iModIntro. iSplitR "Hr HΦ".
        { iNext. iExists false. iFrame. by iExists next. }
        wp_pures. iApply ("HΦ" $! (Item n)). iExists v. by iFrame "Hsent Hitem Hr".
      + (* The flag is set: otherwise the link would belong to the item, and to the pop. *)
        iDestruct "Hlink" as ">[[%next' Hnext'] _]".
        by iDestruct (mapsto_ne with "Hnext Hnext'") as %?.
    - iApply ("HΦ" $! Empty). by iFrame.
    - iDestruct "Ha" as "(%Hgap & _ & Hr)". iApply ("HΦ" $! Stalled). by iFrame.
  Qed.
End shared_items.
