(** The push of the back-linked form: the exchange, and the store of the own link. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.batch Require Export invariant.
From mpsc_proof.back_linked Require Export code.
From iris.prelude Require Import options.

Section push.
  Context `{!heapGS Σ, !batchG Σ} (N : namespace).
  Implicit Types (Q P U : list entry) (T c : list loc) (γ : queue_name)
    (q n m p oldest newest : loc) (i j k : nat) (D : nat → iProp Σ) (f : Qp)
    (on_parked : val) (Φ : val → iProp Σ).

  Local Notation is_queue := (invariant.is_queue N true).

  (** What is left to do after the exchange of push number [i]: [on_parked], if the consumer was
      parked. Then the push has a deposit for the consumer, and may return. *)
  Definition rest_of_push γ D f on_parked Φ i (parked : bool) : iProp Σ :=
    if parked then (WP on_parked #() {{ w, D i ∗ (producer γ f -∗ Φ (SOMEV w)) }})%I
    else (D i ∗ (producer γ f -∗ Φ NONEV))%I.

  (** The exchange. From now on the chain is in the queue. *)
  Lemma exchange_spec γ q D oldest newest c f on_parked Φ :
    last (oldest :: c) = Some newest →
    is_queue γ q D -∗
    {{{ producer γ f ∗ oldest ↦ NULL ∗ own_links #oldest (linked_entries c) ∗
        push_commit N γ true D (oldest :: c) f on_parked Φ }}}
      Xchg #q #newest
    {{{ prev, RET prev; ∃ i w parked, in_gap γ i oldest w f ∗ exchanged γ prev i w parked ∗
        rest_of_push γ D f on_parked Φ i parked }}}.
  Proof.
    iIntros (Hnewest) "#Hinv !>". iIntros (Ψ) "(Hp & Holdest & Hc & AU) HΨ".
    iInv N as (P U T Q parked s)
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iMod "AU" as (h k parked') "[Hq' [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    wp_xchg.
    iDestruct (parked_empty with "Hq") as %Hparked.
    iAssert (exchanged γ (back_val Q parked)
      (length (P ++ U ++ linked_entries T ++ Q)) (finding Q) parked) as "#Hfound".
    { assert (P ++ U ++ linked_entries T ++ Q = (P ++ U ++ linked_entries T) ++ Q) as ->.
      { by rewrite -!assoc_L. }
      iApply (exchanged_back with "Hq"). intros Hp. specialize (Hparked Hp).
      by apply app_eq_nil in Hparked as [_ [_ ?]%app_eq_nil]. }
    iMod (queue_push (oldest :: c) with "Hq Hq'") as "[Hq Hq']".
    iMod ("Hcommit" with "Hq'") as "[HDc Hrest]".
    iMod (entries_append _ _ oldest (finding Q) _ c with "HE Hp") as "(HE & Hev' & Hgap)".
    repeat iModIntro. rewrite fmap_length. iSplitR "HΨ Hgap Hrest".
    - iNext. iExists P, U, T, (Q ++ chain_entries oldest (finding Q) f c), false, s.
      rewrite (back_val_append _ _ _ _ _ _ newest) //.
      assert (∀ X : list entry, P ++ U ++ linked_entries T ++ Q ++ X =
        (P ++ U ++ linked_entries T ++ Q) ++ X) as ->; first by intros; rewrite -!assoc_L.
      assert (∀ X : list entry, U ++ linked_entries T ++ Q ++ X =
        (U ++ linked_entries T ++ Q) ++ X) as ->; first by intros; rewrite -!assoc_L.
      rewrite (fmap_app _ (P ++ _)) chain_entries_fst.
      rewrite (evidences_append _ _ (U ++ linked_entries T ++ Q)).
      rewrite (deposits_append _ _ (U ++ linked_entries T ++ Q)).
      rewrite own_links_app (app_length P (U ++ _)). iFrame.
      iDestruct (deposits_chain _ _ oldest (finding Q) f c with "HDc") as "$".
      iPureIntro. split_and!; try done.
      + by apply well_placed_append.
      + eapply stage_ok_append; [simpl; lia|done].
    - iApply "HΨ". iExists _, _, _. by iFrame.
  Qed.

  (** Where a link in its gap is: in the batch or still at the producers' end. *)
  Lemma gap_position U T Q j n w f :
    (U ++ linked_entries T ++ Q) !! j = Some (n, InGap w f) →
    (U !! j = Some (n, InGap w f)) ∨
    (∃ j', j = length (U ++ linked_entries T) + j' ∧ Q !! j' = Some (n, InGap w f)).
  Proof.
    intros [Hj|[Hle Hj]]%lookup_app_Some; first by left. right.
    apply lookup_app_Some in Hj as [Hj|[Hle' Hj]].
    - rewrite /linked_entries list_lookup_fmap in Hj. by destruct (T !! _); simplify_eq/=.
    - exists (j - length U - length (linked_entries T)). rewrite app_length. split; [lia|done].
  Qed.

  (** The store of the own link that ends the gap. *)
  Lemma store_own_spec γ q D i n w f prev parked (v : val) :
    v = (match w with FoundTag => BOTTOM | FoundLink => prev end) →
    is_queue γ q D -∗ exchanged γ prev i w parked -∗
    {{{ in_gap γ i n w f ∗ D i }}} #n <- v {{{ RET #(); producer γ f }}}.
  Proof.
    iIntros (Hv) "#Hinv #Hfound !>". iIntros (Φ) "[Hgap HDi] HΦ".
    iInv N as (P U T Q parked' s)
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (in_gap_present with "HE Hgap") as %(j & -> & Hj); first done.
    (* The value is what the own link has to be, wherever the link is by now. *)
    iAssert (∀ R Q' R', ⌜P ++ U ++ linked_entries T ++ Q = R ++ Q' ++ R'⌝ → ∀ j',
      ⌜well_placed Q' ∧ Q' !! j' = Some (n, InGap w f) ∧ (length P + j = length R + j')%nat⌝ →
      ⌜v = last_val BOTTOM (take j' Q')⌝)%I as "#Hvalue".
    { iIntros (R Q' R' HR j' (HwQ' & Hj' & Hlen)).
      pose proof (last_val_found _ _ _ _ _ HwQ' Hj') as Hval.
      destruct w; first by rewrite Hval.
      destruct Hval as (i' & [p ph] & -> & He & Hval). rewrite Hv Hval.
      iDestruct "Hfound" as (i p') "[(%Hi & -> & _) Hpushed]".
      iDestruct (pushed_lookup with "Hq Hpushed") as %Hp. iPureIntro.
      rewrite HR list_lookup_fmap lookup_app_r in Hp; last lia.
      replace (i - length R) with i' in Hp by lia.
      rewrite (lookup_app_l_Some _ _ _ _ He) in Hp. by simplify_eq/=. }
    iAssert (n ↦ NULL ∗ (n ↦ v -∗ ∃ U' Q', own_links BOTTOM U' ∗ own_links BOTTOM Q' ∗
      ⌜<[j := (n, Linked)]> (U ++ linked_entries T ++ Q) = U' ++ linked_entries T ++ Q'⌝ ∗
      ⌜U'.*1 = U.*1⌝ ∗ ⌜back_val Q' parked' = back_val Q parked'⌝ ∗
      ⌜well_placed U'⌝ ∗ ⌜well_placed Q'⌝ ∗ ⌜stage_ok s Q' parked'⌝))%I
      with "[HU HQ]" as "[Hn Hclose]".
    { destruct (gap_position _ _ _ _ _ _ _ Hj) as [HjU|(j' & -> & HjQ)].
      - iDestruct ("Hvalue" $! P U (linked_entries T ++ Q) with "[//] [//]") as %->.
        iDestruct (own_links_store with "HU") as "[$ HU]"; first done.
        iIntros "Hn". iSpecialize ("HU" with "Hn"). iExists _, Q. iFrame. iPureIntro.
        split_and!; try done.
        + rewrite insert_app_l //. by eapply lookup_lt_Some.
        + rewrite list_fmap_insert /= list_insert_id // list_lookup_fmap HjU //.
        + by apply well_placed_link.
      - iDestruct ("Hvalue" $! (P ++ U ++ linked_entries T) Q [] with "[] []") as %->.
        { iPureIntro. by rewrite right_id_L -!assoc_L. }
        { iPureIntro. split_and!; try done. rewrite !app_length. lia. }
        iDestruct (own_links_store with "HQ") as "[$ HQ]"; first done.
        iIntros "Hn". iSpecialize ("HQ" with "Hn"). iExists U, _. iFrame. iPureIntro.
        split_and!; try done.
        + by rewrite !assoc_L insert_app_r.
        + by eapply back_val_link.
        + by apply well_placed_link.
        + by apply stage_ok_link. }
    wp_store. iDestruct ("Hclose" with "Hn") as (U' Q')
      "(HU & HQ & %HR & %HU & %Hback & %HwU' & %HwQ' & %Hs')".
    iMod (entries_link with "HE Hgap") as "[HE #Hlinked]"; first done.
    iDestruct (evidences_link with "Hev Hlinked") as "[Hp Hev]"; first done.
    iDestruct (deposits_link with "HD HDi") as "HD"; first done.
    rewrite -(history_link _ _ _ _ _ _ Hj) HR.
    iModIntro. iSplitR "HΦ Hp"; last by iApply "HΦ".
    iNext. iExists P, U', T, Q', parked', s. rewrite HU Hback. by iFrame.
  Qed.

  Lemma push_chain_spec γ q D oldest newest c f on_parked Φ :
    c !! 0 = Some oldest → last c = Some newest →
    is_queue γ q D -∗ producer γ f -∗ own_chain c -∗
    push_commit N γ true D c f on_parked Φ -∗
    WP push_chain #q #oldest #newest on_parked {{ Φ }}.
  Proof.
    iIntros (Holdest Hnewest) "#Hinv Hp Hc AU".
    destruct c as [|? c]; first done. injection Holdest as ->.
    wp_lam. wp_pures. wp_apply (newest_first_spec with "Hc"); first done.
    iIntros "[Holdest Hc]". wp_pures.
    wp_apply (exchange_spec with "Hinv [$Hp $Holdest $Hc $AU]"); first done.
    iIntros (prev) "(%i & %w & %parked & Hgap & #Hfound & Hrest)".
    destruct w.
    - iDestruct "Hfound" as %Hprev. rewrite Hprev. destruct parked; simpl; wp_pures.
      + rewrite /is_link /is_empty. wp_pures. wp_bind (on_parked _).
        iApply (wp_wand with "Hrest"). iIntros (taken) "[HD HΦ]". wp_pures.
        wp_apply (store_own_spec with "Hinv [] [$Hgap $HD]"); [done|by iPureIntro|].
        iIntros "Hp". wp_pures. by iApply "HΦ".
      + rewrite /is_link /is_empty. wp_pures. iDestruct "Hrest" as "[HD HΦ]".
        wp_apply (store_own_spec with "Hinv [] [$Hgap $HD]"); [done|by iPureIntro|].
        iIntros "Hp". wp_pures. by iApply "HΦ".
    - iDestruct "Hfound" as (i' p) "[(%Hi & %Hprev & %Hpk) Hpushed]". simplify_eq.
      rewrite /is_link /is_empty. wp_pures. iDestruct "Hrest" as "[HD HΦ]".
      wp_apply (store_own_spec with "Hinv [] [$Hgap $HD]"); [done| |].
      { iExists i', p. by iFrame "Hpushed". }
      iIntros "Hp". wp_pures. by iApply "HΦ".
  Qed.
End push.
