(** The push of the gap-free form with its closing. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.gap_free Require push.
From mpsc_proof.closing Require Export invariant.
From iris.prelude Require Import options.

Section push.
  Context `{!heapGS Σ, !gap_freeG Σ} (N : namespace).
  Implicit Types (γ : closable_name) (q n m oldest newest : loc) (P Q T h c : list loc)
    (k : nat) (f : Qp) (on_parked v prev : val) (Φ : val → iProp Σ).

  Local Notation is_closable := (invariant.is_closable N).
  Local Notation push_commit := (closable_push_commit N).
  Local Notation back_like := gap_free.push.back_like.
  Local Notation below_val := gap_free.push.below_val.

  (** What is left to do after the compare-exchange. *)
  Definition rest_of_push γ f on_parked Φ (parked : bool) : iProp Σ :=
    if parked then (WP on_parked #() {{ w, producer γ f -∗ Φ (PUSHED (SOMEV w)) }})%I
    else (producer γ f -∗ Φ (PUSHED NONEV))%I.

  (** What a push has read from [back]: if it was [CLOSED], the queue is closed. *)
  Definition seen γ v : iProp Σ := ⌜back_like v⌝ ∨ ⌜v = CLOSED⌝ ∗ is_closed γ.

  (** ** A chain that is turned back *)

  Lemma own_links_snoc_distinct prev c n m :
    m ∈ c → own_links prev (linked_entries (c ++ [n])) -∗ ⌜n ≠ m⌝.
  Proof.
    iIntros (Hm) "H". iInduction c as [|x c] "IH" forall (prev Hm).
    { by apply elem_of_nil in Hm. }
    iDestruct "H" as "[Hx H]". apply elem_of_cons in Hm as [->|Hm].
    - iIntros (->).
      iDestruct (own_links_distinct _ (c ++ [x]) x with "Hx H") as %Hne; last done.
      by rewrite last_snoc.
    - by iApply ("IH" with "[//] H").
  Qed.

  Lemma reverse_back_spec prev c n T oldest :
    (c ++ [n]) !! 0 = Some oldest →
    {{{ own_links prev (linked_entries (c ++ [n])) ∗ own_chain T }}}
      reverse_links (link_val (T !! 0)) #n #oldest
    {{{ RET #(); own_chain ((c ++ [n]) ++ T) }}}.
  Proof.
    iIntros (Hc Φ) "[Hc HT] HΦ". iInduction c as [|m c] "IH" using rev_ind forall (n T Hc).
    - injection Hc as ->. iDestruct "Hc" as "[Hn _]". simpl. wp_lam. wp_pures. wp_load. wp_store.
      wp_pures. rewrite bool_decide_true //. wp_pures. iApply "HΦ".
      iModIntro. rewrite own_chain_cons. by iFrame.
    - iDestruct (own_links_snoc_distinct _ _ n oldest with "Hc") as %Hne.
      { rewrite lookup_app_l in Hc; last (rewrite app_length /=; lia).
        by eapply elem_of_list_lookup_2. }
      rewrite (linked_entries_snoc (c ++ [m]) n) own_links_app last_val_linked /=.
      iDestruct "Hc" as "(Hc & Hn & _)".
      wp_lam. wp_pures. wp_load. wp_store. wp_pures.
      rewrite bool_decide_false; last congruence. wp_pures.
      iApply ("IH" $! m (n :: T) with "[] Hc [Hn HT]").
      { iPureIntro. rewrite lookup_app_l // in Hc. rewrite app_length /=; lia. }
      { rewrite own_chain_cons. by iFrame. }
      rewrite -!(assoc_L (++)) /=. done.
  Qed.

  Lemma handed_back_chain c : own_chain c -∗ handed_back c.
  Proof.
    iIntros "Hc". iApply (big_sepL_impl with "Hc"). iIntros "!>" (j n _) "Hn".
    iExists _. iFrame. iPureIntro. by intros m ->.
  Qed.

  (** [oldest_first]: the inverse of [newest_first]. *)
  Lemma oldest_first_spec oldest newest c v :
    last (oldest :: c) = Some newest →
    {{{ oldest ↦ v ∗ own_links #oldest (linked_entries c) }}} oldest_first #oldest #newest
    {{{ RET #(); handed_back (oldest :: c) }}}.
  Proof.
    iIntros (Hnewest Φ) "[Ho Hc] HΦ". wp_lam. wp_pures. case_bool_decide as Heq; wp_pures.
    - assert (oldest = newest) as -> by congruence. destruct c as [|x c].
      + iApply "HΦ". iModIntro. rewrite /handed_back /=. iSplit; last done. iExists v. by iFrame.
      + rewrite last_cons_cons in Hnewest.
        by iDestruct (own_links_distinct with "Ho Hc") as %Hne.
    - destruct c as [|x c _] using rev_ind; first by simplify_eq/=.
      rewrite app_comm_cons last_snoc in Hnewest. injection Hnewest as ->.
      wp_apply (reverse_back_spec v (oldest :: c) newest [] oldest with "[Ho Hc]"); first done.
      { rewrite /own_chain /=. by iFrame. }
      iIntros "Hc". iApply "HΦ". rewrite app_nil_r. by iApply handed_back_chain.
  Qed.

  (** ** The push *)

  Lemma load_back_spec γ q :
    is_closable γ q -∗ {{{ True }}} ! #q {{{ v, RET v; seen γ v }}}.
  Proof.
    iIntros "#Hinv !>" (Ψ) "_ HΨ".
    iInv N as ">[[Hst (%P & %T & %Q & %parked & %s & Hback & Hrest)]|[#Hcl Hback]]"; wp_load.
    - iModIntro. iSplitR "HΨ"; last (iApply "HΨ"; iLeft; iPureIntro;
        apply gap_free.push.back_val_like).
      iNext. iLeft. iFrame "Hst". iExists P, T, Q, parked, s. by iFrame.
    - iModIntro. iSplitR "HΨ"; last (iApply "HΨ"; iRight; by iSplit).
      iNext. iRight. by iFrame.
  Qed.

  (** The compare-exchange. It fails if the queue is closed. *)
  Lemma compare_exchange_spec γ q oldest newest c f on_parked Φ prev :
    back_like prev → last (oldest :: c) = Some newest →
    is_closable γ q -∗
    {{{ oldest ↦ below_val prev ∗ own_links #oldest (linked_entries c) ∗
        push_commit γ (oldest :: c) f on_parked Φ }}}
      CmpXchg #q prev #newest
    {{{ v (b : bool), RET (v, #b);
        if b then ∃ parked, ⌜prev = PARKED ↔ parked = true⌝ ∗ rest_of_push γ f on_parked Φ parked
        else seen γ v ∗ oldest ↦ below_val prev ∗ own_links #oldest (linked_entries c) ∗
          push_commit γ (oldest :: c) f on_parked Φ }}}.
  Proof.
    iIntros (Hprev Hnewest) "#Hinv !>". iIntros (Ψ) "(Holdest & Hc & AU) HΨ".
    assert (∀ (Q : list entry) parked, val_is_unboxed (back_val Q parked)) as Hunboxed.
    { intros Q parked. rewrite /back_val. by destruct (last Q) as [[? ?]|], parked. }
    assert (val_is_unboxed prev) as Hprev' by by destruct Hprev as [[[] ->]|[? ->]].
    iInv N as ">[[Hst (%P & %T & %Q & %parked & %s & Hback & Hq & Hs & HQ & %Hs)]|[#Hcl Hback]]".
    2: { wp_cmpxchg_fail; [by destruct Hprev as [[[] ->]|[? ->]]|].
      iModIntro. iSplitL "Hback"; first by (iNext; iRight; iFrame).
      iApply "HΨ". iFrame. iRight. by iSplit. }
    destruct (decide (back_val (linked_entries Q) parked = prev)) as [<-|Hne].
    - iMod "AU" as (h k parked' closed) "[(Hq' & Hst' & %) [_ Hcommit]]".
      iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
      iDestruct (status_agree with "Hst Hst'") as %->.
      wp_cmpxchg_suc.
      iDestruct (parked_nil with "Hq") as %Hparked.
      iMod (queue_push (oldest :: c) with "Hq Hq'") as "[Hq Hq']".
      iMod ("Hcommit" with "[$Hq' $Hst' //]") as "Hrest".
      repeat iModIntro. iSplitR "HΨ Hrest".
      + iNext. iLeft. iFrame "Hst". iExists P, T, (Q ++ oldest :: c), false, s.
        assert (linked_entries (Q ++ oldest :: c) =
          linked_entries Q ++ linked_entries (oldest :: c)) as -> by apply fmap_app.
        rewrite -!(assoc_L (++)) own_links_app gap_free.push.below_back.
        rewrite (gap_free.push.back_val_linked _ _ _ newest) //. iFrame. iPureIntro.
        eapply stage_ok_append; [simpl; lia|done].
      + iApply "HΨ". iExists parked. iFrame. iPureIntro.
        rewrite /back_val. destruct (last (linked_entries Q)) as [[n ?]|] eqn:Hlast;
          [|by destruct parked].
        split; first done. intros H'. by destruct (Hparked H') as [_ ->].
    - wp_cmpxchg_fail. iModIntro. iSplitL "Hst Hback Hq Hs HQ".
      { iNext. iLeft. iFrame "Hst". iExists P, T, Q, parked, s. by iFrame. }
      iApply "HΨ". iFrame. iLeft. iPureIntro. apply gap_free.push.back_val_like.
  Qed.

  (** The loop. *)
  Lemma publish_spec γ q oldest newest c f on_parked Φ prev v :
    last (oldest :: c) = Some newest →
    is_closable γ q -∗ seen γ prev -∗
    {{{ oldest ↦ v ∗ own_links #oldest (linked_entries c) ∗
        push_commit γ (oldest :: c) f on_parked Φ }}}
      publish #q #oldest #newest prev
    {{{ prev, RET prev;
        (⌜prev = CLOSED⌝ ∗ is_closed γ ∗ (∃ v : val, oldest ↦ v) ∗
         own_links #oldest (linked_entries c) ∗ push_commit γ (oldest :: c) f on_parked Φ) ∨
        (⌜back_like prev⌝ ∗ ∃ parked, ⌜prev = PARKED ↔ parked = true⌝ ∗
         rest_of_push γ f on_parked Φ parked) }}}.
  Proof.
    iIntros (Hnewest) "#Hinv #Hseen !>". iIntros (Ψ) "(Holdest & Hc & AU) HΨ".
    iLöb as "IH" forall (prev v) "Hseen". wp_lam. wp_pures.
    iDestruct "Hseen" as "[%Hprev|[-> #Hcl]]"; last first.
    { wp_pures. iApply "HΨ". iLeft. iFrame "∗#". iModIntro. iSplit; first done. by iExists v. }
    assert (bool_decide (prev = CLOSED) = false) as ->.
    { by destruct Hprev as [[[] ->]|[n ->]]. }
    wp_pures. wp_bind (if: _ then _ else _)%E.
    iApply (wp_wand _ _ _ (λ v, ⌜v = below_val prev⌝)%I).
    { rewrite /code.is_link /is_empty. destruct Hprev as [[[] ->]|[n ->]]; by wp_pures. }
    iIntros (? ->). wp_store. wp_pures. wp_bind (CmpXchg _ _ _).
    wp_apply (compare_exchange_spec with "Hinv [$Holdest $Hc $AU]"); [done..|].
    iIntros (back [|]) "H"; wp_pures.
    - iApply "HΨ". iModIntro. iRight. by iFrame.
    - iDestruct "H" as "(#Hseen & Holdest & Hc & AU)".
      by iApply ("IH" with "Holdest Hc AU HΨ").
  Qed.

  (** The queue is closed: the links go back to the caller. *)
  Lemma refuse γ c f on_parked Φ :
    is_closed γ -∗ push_commit γ c f on_parked Φ ={⊤}=∗
    producer γ f -∗ handed_back c -∗ Φ REFUSED.
  Proof.
    iIntros "#Hcl AU". iMod (fupd_mask_subseteq (⊤ ∖ ↑N)) as "Hmask"; first done.
    iMod "AU" as (h k parked closed) "[Hc [_ Hcommit]]".
    iDestruct (closable_closed with "Hc Hcl") as %[-> ->].
    iMod ("Hcommit" with "Hc") as "HΦ". by iMod "Hmask" as "_".
  Qed.

  Lemma push_chain_spec γ q oldest newest c f on_parked Φ :
    c !! 0 = Some oldest → last c = Some newest →
    is_closable γ q -∗ producer γ f -∗ own_chain c -∗
    push_commit γ c f on_parked Φ -∗
    WP push_chain #q #oldest #newest on_parked {{ Φ }}.
  Proof.
    iIntros (Holdest Hnewest) "#Hinv Hp Hc AU".
    destruct c as [|? c]; first done. injection Holdest as ->.
    wp_lam. wp_pures. wp_apply (newest_first_spec with "Hc"); first done.
    iIntros "[Holdest Hc]". wp_pures.
    wp_apply (load_back_spec with "Hinv [//]"). iIntros (prev) "#Hseen".
    wp_apply (publish_spec with "Hinv Hseen [$Holdest $Hc $AU]"); first done.
    iIntros (prev') "[(-> & #Hcl & [%v Holdest] & Hc & AU)|(%Hback & %parked & %Hparked & Hrest)]".
    - iMod (refuse with "Hcl AU") as "HΦ". wp_pures.
      wp_apply (oldest_first_spec with "[$Holdest $Hc]"); first done.
      iIntros "Hc". wp_pures. iApply ("HΦ" with "Hp Hc").
    - wp_pures. destruct parked.
      + assert (prev' = PARKED) as -> by by apply Hparked. wp_pures. wp_bind (on_parked _).
        iApply (wp_wand with "Hrest"). iIntros (taken) "HΦ". wp_pures. iApply ("HΦ" with "Hp").
      + destruct Hback as [[[] ->]|[n ->]]; wp_pures; try (by iApply ("Hrest" with "Hp")).
        by destruct Hparked as [Hnot _]; specialize (Hnot eq_refl).
  Qed.
End push.
