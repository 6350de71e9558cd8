(** The pop of the forms whose pushes write their own link: the consumer takes all links by one
    exchange, turns them round, and hands them out one by one. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.batch Require Export invariant walk.
From iris.prelude Require Import options.

Section pop.
  Context `{!heapGS Σ, !batchG Σ} (N : namespace) (gap : bool).
  Implicit Types (P Q : list entry) (U T : list loc) (γ : queue_name) (q n m : loc)
    (j k : nat) (D : nat → iProp Σ) (s : stage) (Φ : val → iProp Σ).

  Local Notation is_queue := (invariant.is_queue N gap).
  Local Notation pop_commit := (decide.pop_commit N gap consumer).
  Local Notation decided := (decide.decided consumer).

  (** The oldest link is taken out of the batch. The answer is decided at the store to [ready]. *)
  Lemma take_ready_spec γ q D k n T s Φ :
    is_queue γ q D -∗ progress γ (Private q k [] (n :: T) s) -∗
    (∃ v, (q +ₗ 1) ↦ v) -∗ (q +ₗ 2) ↦ NULL -∗ (q +ₗ 3) ↦ NULL -∗
    (q +ₗ 4) ↦ link_val (last (n :: T)) -∗
    own_chain (n :: T) -∗ pop_commit γ D k Φ -∗
    WP take_ready #q #n {{ Φ }}.
  Proof.
    iIntros "#Hinv Hc [%v Hready] Hat Hturned Hnewest [Hn HT] AU".
    wp_lam. wp_pures. wp_load. wp_pures. wp_bind (_ <- _)%E.
    iInv N as (P U T' Q parked s')
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
    apply fmap_nil_inv in HU as ->. simpl.
    iDestruct (parked_empty with "Hq") as %Hparked.
    destruct parked; first by specialize (Hparked eq_refl).
    iDestruct (evidences_cons with "Hev") as "[_ Hev]".
    iDestruct (deposits_cons with "HD") as "[HDk HD]". simpl.
    wp_store.
    iMod (decide_item with "AU Hq [Hn] HDk") as "[Hq HΦ]"; first by eauto.
    iMod (progress_update (Private q (S (length P)) [] T s) with "Hc Hs") as "[Hc Hs]".
    iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
    { iNext. iExists (P ++ [(n, Linked)]), [], T, Q, false, s.
      rewrite -(assoc_L (++)) /= app_length Nat.add_1_r. iFrame. iPureIntro.
      split; [|done]. apply Forall_app. split; [done|by apply Forall_singleton]. }
    wp_pures. destruct T as [|m T]; simpl.
    - wp_store. wp_pures. iApply "HΦ". iExists q, [], [], s. by iFrame.
    - wp_pures. iApply "HΦ". iExists q, [], (m :: T), s. by iFrame.
  Qed.

  (** [back] is loaded, to see whether there is anything to take. *)
  Lemma load_back_spec γ q D k s Φ :
    is_queue γ q D -∗
    {{{ progress γ (Private q k [] [] s) ∗ pop_commit γ D k Φ }}} ! #q
    {{{ v, RET v;
        (∃ parked, ⌜v = mark parked⌝ ∗ progress γ (Private q k [] [] s) ∗ decided γ k Φ Empty) ∨
        (∃ n : loc, ⌜v = #n⌝ ∗ progress γ (Private q k [] [] NotEmpty) ∗ pop_commit γ D k Φ) }}}.
  Proof.
    iIntros "#Hinv !>". iIntros (Ψ) "[Hc AU] HΨ".
    iInv N as (P U T Q parked s')
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
    apply fmap_nil_inv in HU as ->. simpl. destruct Q as [|e Q].
    - wp_load. iMod (decide_empty with "AU Hq") as "[Hq HΦ]".
      iModIntro. iSplitR "HΨ Hc HΦ".
      { iNext. iExists P, [], [], [], parked, s. by iFrame. }
      iApply "HΨ". iLeft. iExists parked. by iFrame.
    - destruct (back_val_cons Q e parked) as [n Hn]. wp_load.
      iMod (progress_update (Private q (length P) [] [] NotEmpty) with "Hc Hs") as "[Hc Hs]".
      iModIntro. iSplitR "HΨ Hc AU".
      { iNext. iExists P, [], [], (e :: Q), parked, NotEmpty. iFrame. iPureIntro.
        split; [done|split; [done|split; [simpl; lia|done]]]. }
      iApply "HΨ". iRight. iExists n. rewrite Hn. by iFrame.
  Qed.

  (** The exchange by which the consumer takes everything. *)
  Lemma take_all_spec γ q D k :
    is_queue γ q D -∗
    {{{ progress γ (Private q k [] [] NotEmpty) }}} Xchg #q EMPTY
    {{{ n U, RET #n; progress γ (Private q k (U ++ [n]) [] AtRest) }}}.
  Proof.
    iIntros "#Hinv !>". iIntros (Ψ) "Hc HΨ".
    iInv N as (P U T Q parked s')
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
    apply fmap_nil_inv in HU as ->. simpl.
    iDestruct (parked_empty with "Hq") as %Hparked.
    destruct Q as [|[n ph] Q _] using rev_ind; first (simpl in Hs; lia).
    destruct parked; first by specialize (Hparked eq_refl); apply app_eq_nil in Hparked as [_ ?].
    rewrite {1}/back_val last_snoc. wp_xchg.
    iMod (progress_update (Private q (length P) (Q ++ [(n, ph)]).*1 [] AtRest) with "Hc Hs")
      as "[Hc Hs]".
    iModIntro. iSplitR "HΨ Hc".
    { iNext. iExists P, (Q ++ [(n, ph)]), [], [], false, AtRest. rewrite /= app_nil_r. iFrame.
      iPureIntro. split_and!; try done. intros H. split; [by apply Hgap|by constructor]. }
    rewrite fmap_app. by iApply "HΨ".
  Qed.

  Lemma queue_at_agree γ q D x :
    is_queue γ q D -∗ progress γ x ={⊤}=∗ ⌜x.(queue_at) = q⌝ ∗ progress γ x.
  Proof.
    iIntros "#Hinv Hc".
    iInv N as (P U T Q parked s)
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %<-. iModIntro. iSplitR "Hc"; last by iFrame.
    iNext. iExists P, U, T, Q, parked, s. by iFrame.
  Qed.

  Lemma pop_spec γ q D k Φ :
    is_queue γ q D -∗ consumer γ k -∗ pop_commit γ D k Φ -∗ WP pop gap #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%q' & %U & %T & %s & Hc & (H1 & H2 & H3 & H4) & HT) AU".
    iMod (queue_at_agree with "Hinv Hc") as "[%Hq Hc]". simpl in Hq. subst q'.
    wp_lam. wp_load. wp_pures.
    destruct U as [|n U _] using rev_ind; simpl; last first.
    { (* A walk was interrupted: it goes on. *)
      assert (ready_val (U ++ [n]) T = NULL) as -> by by destruct U.
      assert (walk_turned_val (U ++ [n]) T = link_val (T !! 0)) as -> by by destruct U.
      rewrite last_snoc last_walk. wp_pures. wp_lam. wp_load. wp_load. wp_pures.
      wp_apply (go_on_spec with "Hinv [$Hc $HT $AU $H1 $H4 H2 H3]");
        first by (iSplitL "H2"; iExists _; iFrame).
      iIntros (r) "[(%m & %T' & -> & Hc & HT & AU & H1 & H2 & H3 & H4)|(-> & Hc & HΦ)]"; wp_pures.
      - iApply (take_ready_spec with "Hinv Hc [H1] H2 H3 H4 HT AU"); by eauto.
      - by iApply "HΦ". }
    destruct T as [|n T]; simpl; wp_pures; last first.
    { by iApply (take_ready_spec with "Hinv Hc [H1] H2 H3 H4 HT AU"); eauto. }
    wp_lam. wp_load. wp_load. wp_pures. wp_apply (load_back_spec with "Hinv [$Hc $AU]").
    iIntros (v) "[(%parked & -> & Hc & HΦ)|(%m & -> & Hc & AU)]"; rewrite /is_empty.
    { destruct parked; wp_pures; iApply "HΦ"; iExists q, [], [], s; by iFrame. }
    iClear "HT". wp_pures. wp_apply (take_all_spec with "Hinv Hc"). iIntros (n U) "Hc".
    wp_pures. wp_store.
    wp_apply (go_on_spec N gap γ q D k U [] n with "Hinv [$Hc $AU $H1 H2 H3 H4]").
    { rewrite last_snoc. iFrame. rewrite {1}/own_chain /=. iSplit; first done.
      iSplitL "H2"; iExists _; iFrame. }
    iIntros (r) "[(%n' & %T' & -> & Hc & HT & AU & H1 & H2 & H3 & H4)|(-> & Hc & HΦ)]"; wp_pures.
    - iApply (take_ready_spec with "Hinv Hc [H1] H2 H3 H4 HT AU"); by eauto.
    - by iApply "HΦ".
  Qed.
End pop.
