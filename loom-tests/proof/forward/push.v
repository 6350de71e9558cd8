(** The push of the forward-linked form: the exchange, and the store that ends the gap. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.forward Require Export invariant.
From iris.prelude Require Import options.

Section push.
  Context `{!heapGS Σ, !forwardG Σ} (N : namespace).
  Implicit Types (Q P : list entry) (γ : queue_name) (q n m p oldest newest : loc) (i j k : nat)
    (D : nat → iProp Σ) (c : list loc) (f : Qp) (on_parked : val) (Φ : val → iProp Σ).

  (** What is left to do after the exchange of push number [i]: [on_parked], if the consumer was
      parked. Then the push has a deposit for the consumer, and may return. *)
  Definition rest_of_push γ D f on_parked Φ i (parked : bool) : iProp Σ :=
    if parked then (WP on_parked #() {{ w, D i ∗ (producer γ f -∗ Φ (SOMEV w)) }})%I
    else (D i ∗ (producer γ f -∗ Φ NONEV))%I.

  (** The exchange. From now on the chain is in the queue. *)
  Lemma exchange_spec γ q D oldest newest c f on_parked Φ :
    last (oldest :: c) = Some newest →
    is_queue N γ q D -∗
    {{{ producer γ f ∗ own_chain (oldest :: c) ∗
        push_commit N γ true D (oldest :: c) f on_parked Φ }}}
      Xchg #q #newest
    {{{ prev, RET prev; ∃ i w parked, in_gap γ i oldest w f ∗ exchanged γ prev i w parked ∗
        rest_of_push γ D f on_parked Φ i parked }}}.
  Proof.
    iIntros (Hnewest) "#Hinv !>". iIntros (Ψ) "(Hp & Hc & AU) HΨ".
    iInv N as (P Q parked s)
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hs)".
    iMod "AU" as (h k parked') "[Hq' [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    wp_xchg.
    iDestruct (parked_empty with "Hq") as %Hparked.
    iDestruct (exchanged_back with "Hq") as "#Hfound"; first done.
    iMod (queue_push (oldest :: c) with "Hq Hq'") as "[Hq Hq']".
    iMod ("Hcommit" with "Hq'") as "[HDc Hrest]".
    iMod (entries_append _ _ oldest (finding Q) _ c with "HE Hp") as "(HE & Hev' & Hgap)".
    repeat iModIntro. rewrite fmap_length. iSplitR "HΨ Hgap Hrest".
    - iNext. iExists P, (Q ++ chain_entries oldest (finding Q) f c), false, s.
      rewrite (back_val_append _ _ _ _ _ _ newest) // front_val_append assoc_L.
      rewrite (fmap_app _ (P ++ Q)) chain_entries_fst.
      rewrite evidences_append deposits_append -app_length. iFrame.
      iDestruct (links_append with "HQ Hc") as "$".
      iDestruct (deposits_chain with "HDc") as "$".
      iPureIntro. split; first done. split; first by apply well_placed_append.
      eapply stage_ok_append; [simpl; lia|done].
    - iApply "HΨ". iExists _, _, _. by iFrame.
  Qed.

  (** The store that ends the gap of a push that found the queue empty. *)
  Lemma store_front_spec γ q D i n f :
    is_queue N γ q D -∗
    {{{ in_gap γ i n FoundTag f ∗ D i }}} #(q +ₗ 1) <- #n {{{ RET #(); producer γ f }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "[Hgap HDi] HΦ".
    iInv N as (P Q parked s)
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hs)".
    iDestruct (in_gap_present with "HE Hgap") as %(j & -> & Hj); first done.
    assert (j = 0) as -> by by eapply found_tag_oldest.
    wp_store.
    iMod (entries_link with "HE Hgap") as "[HE #Hlinked]"; first done.
    iDestruct (evidences_link with "Hev Hlinked") as "[Hp Hev]"; first done.
    iDestruct (deposits_link with "HD HDi") as "HD"; first done.
    iDestruct (links_front with "HQ") as "HQ"; first done.
    iModIntro. iSplitR "HΦ Hp"; last by iApply "HΦ".
    iNext. iExists P, (<[0 := (n, Linked)]> Q), parked, s.
    rewrite (back_val_link _ _ _ _ _ _ Hj) (history_link _ _ _ _ _ _ Hj). iFrame.
    iSplitL "Hfront".
    { rewrite /front_val (stage_front s Q n f parked) // list_lookup_insert //.
      by eapply lookup_lt_Some. }
    iPureIntro. split_and!; [done|by apply well_placed_link|by eapply stage_ok_link].
  Qed.

  (** The store that ends the gap of any other push. *)
  Lemma store_predecessor_spec γ q D i n p f :
    is_queue N γ q D -∗ pushed γ i p -∗
    {{{ in_gap γ (S i) n FoundLink f ∗ D (S i) }}} #p <- #n {{{ RET #(); producer γ f }}}.
  Proof.
    iIntros "#Hinv #Hpushed !>" (Φ) "[Hgap HDi] HΦ".
    iInv N as (P Q parked s)
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hs)".
    iDestruct (in_gap_present with "HE Hgap") as %(j & Hij & Hj); first done.
    destruct (found_link_behind _ _ _ _ HQ Hj) as (j' & [p' ph] & -> & Hj').
    (* The predecessor is still in the queue, so the cell is there to be written. *)
    iAssert ⌜p' = p⌝%I as %->.
    { iDestruct (pushed_lookup with "Hq Hpushed") as %Hp. iPureIntro.
      rewrite list_lookup_fmap lookup_app_r in Hp; last lia.
      replace (i - length P) with j' in Hp by lia. rewrite Hj' in Hp. by simplify_eq/=. }
    iDestruct (links_store with "HQ") as "[Hp HQ]"; [done..|]. simpl.
    wp_store. iSpecialize ("HQ" with "Hp"). rewrite Hij.
    iMod (entries_link with "HE Hgap") as "[HE #Hlinked]"; first done.
    iDestruct (evidences_link with "Hev Hlinked") as "[Hp Hev]"; first done.
    iDestruct (deposits_link with "HD HDi") as "HD"; first done.
    iModIntro. iSplitR "HΦ Hp"; last by iApply "HΦ".
    iNext. iExists P, (<[S j' := (n, Linked)]> Q), parked, s.
    rewrite (back_val_link _ _ _ _ _ _ Hj) (history_link _ _ _ _ _ _ Hj). iFrame.
    iSplitL "Hfront".
    { by destruct Q, s. }
    iPureIntro. split_and!; [done|by apply well_placed_link|by eapply stage_ok_link].
  Qed.

  Lemma push_chain_spec γ q D oldest newest c f on_parked Φ :
    c !! 0 = Some oldest → last c = Some newest →
    is_queue N γ q D -∗ producer γ f -∗ own_chain c -∗
    push_commit N γ true D c f on_parked Φ -∗
    WP push_chain #q #oldest #newest on_parked {{ Φ }}.
  Proof.
    iIntros (Holdest Hnewest) "#Hinv Hp Hc AU".
    destruct c as [|? c]; first done. injection Holdest as ->.
    wp_lam. wp_pures. wp_apply (exchange_spec with "Hinv [$Hp $Hc $AU]"); first done.
    iIntros (prev) "(%i & %w & %parked & Hgap & Hfound & Hrest)".
    destruct w.
    - iDestruct "Hfound" as %->. destruct parked; simpl; wp_pures.
      + rewrite /is_link /is_empty. wp_pures. wp_bind (on_parked _).
        iApply (wp_wand with "Hrest"). iIntros (taken) "[HD HΦ]". wp_pures.
        wp_apply (store_front_spec with "Hinv [$Hgap $HD]"). iIntros "Hp". wp_pures.
        by iApply "HΦ".
      + rewrite /is_link /is_empty. wp_pures. iDestruct "Hrest" as "[HD HΦ]".
        wp_apply (store_front_spec with "Hinv [$Hgap $HD]"). iIntros "Hp". wp_pures.
        by iApply "HΦ".
    - iDestruct "Hfound" as (i' p) "[(-> & -> & ->) Hpushed]". simpl.
      rewrite /is_link /is_empty. wp_pures. iDestruct "Hrest" as "[HD HΦ]".
      wp_apply (store_predecessor_spec with "Hinv Hpushed [$Hgap $HD]").
      iIntros "Hp". wp_pures. by iApply "HΦ".
  Qed.
End push.
