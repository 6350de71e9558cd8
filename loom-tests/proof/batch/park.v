(** A new queue, and park and unpark, of the forms whose pushes write their own link. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.batch Require Export invariant pop.
From iris.prelude Require Import options.

Section park.
  Context `{!heapGS Σ, !batchG Σ} (N : namespace) (gap : bool).
  Implicit Types (P Q : list entry) (U T : list loc) (γ : queue_name) (q n : loc) (k : nat)
    (D : nat → iProp Σ) (s : stage) (Φ : val → iProp Σ).

  Local Notation is_queue := (invariant.is_queue N gap).
  Local Notation park_commit := (decide.park_commit N consumer).
  Local Notation unpark_commit := (decide.unpark_commit N consumer).

  Lemma new_spec D :
    {{{ True }}} new #()
    {{{ q γ, RET #q; is_queue γ q D ∗ queue γ [] 0 false ∗ consumer γ 0 ∗ producer γ 1 }}}.
  Proof.
    iIntros (Φ) "_ HΦ". wp_lam. iApply wp_fupd. wp_alloc q as "Hq"; first lia.
    iDestruct (array_cons with "Hq") as "[Hback Hq]".
    iDestruct (array_cons with "Hq") as "[H1 Hq]".
    iDestruct (array_cons with "Hq") as "[H2 Hq]".
    iDestruct (array_cons with "Hq") as "[H3 Hq]".
    iDestruct (array_cons with "Hq") as "[H4 _]".
    rewrite !loc_add_assoc.
    iMod (ghost_var_alloc (Private q 0 [] [] AtRest)) as (γc) "Hs".
    iMod (ghost_map_alloc_empty (K:=nat) (V:=entry)) as (γe) "HE".
    iMod (queue_alloc γc γe) as (γ <- <-) "(Hq & Hq' & Hp)".
    iEval (rewrite -Qp.three_quarter_quarter) in "Hs". iDestruct "Hs" as "[Hc Hs]".
    iMod (inv_alloc N _ (batch_inv gap γ q D) with "[Hback Hq HE Hs]") as "#Hinv".
    { iNext. iExists [], [], [], [], false, AtRest.
      rewrite /evidences /deposits /progress_inv /=. iFrame. iPureIntro.
      split_and!; try done; try by apply Forall_nil. intros _. split; by apply Forall_nil. }
    iModIntro. iApply "HΦ". iFrame "#∗". iExists q, [], [], AtRest.
    rewrite /progress /own_chain /=. by iFrame.
  Qed.

  (** A queue whose batch is not empty is not empty. *)
  Lemma batch_not_empty (U : list entry) T Q :
    last (U.*1 ++ T) ≠ None → U ++ linked_entries T ++ Q ≠ [].
  Proof.
    intros HUT. destruct U; last done. destruct T; last done. done.
  Qed.

  Lemma park_spec γ q D k Φ :
    is_queue γ q D -∗ consumer γ k -∗ park_commit γ k Φ -∗ WP park #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%q' & %U & %T & %s & Hc & (H1 & H2 & H3 & H4) & HT) AU".
    iMod (queue_at_agree with "Hinv Hc") as "[%Hq Hc]". simpl in Hq. subst q'.
    wp_lam. wp_pures. destruct (last (U ++ T)) as [n|] eqn:Hlast.
    { (* The consumer holds a batch: decided at this load. *)
      wp_bind (! _)%E.
      iInv N as (P U' T' Q parked s')
        "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
      iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
      iDestruct (parked_empty with "Hq") as %Hparked.
      assert (U' ++ linked_entries T ++ Q ≠ []) as Hne.
      { apply batch_not_empty. by rewrite HU Hlast. }
      destruct parked; first by destruct (Hne (Hparked eq_refl)).
      iMod (decide_park with "AU Hq") as "[Hq HΦ]". rewrite bool_decide_false //.
      wp_load. iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, U', T, Q, false, s. rewrite HU. by iFrame. }
      wp_pures. iApply "HΦ". iExists q, U, T, s. rewrite /fields Hlast. by iFrame. }
    apply last_None, app_eq_nil in Hlast as [-> ->]. wp_load. wp_pures. wp_bind (CmpXchg _ _ _).
    iInv N as (P U T Q parked s')
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
    apply fmap_nil_inv in HU as ->. simpl.
    destruct Q as [|e Q]; last first.
    { (* A link is in [back]. *)
      iDestruct (parked_empty with "Hq") as %Hparked.
      destruct parked; first by specialize (Hparked eq_refl).
      destruct (back_val_cons Q e false) as [n Hn]. rewrite Hn.
      wp_cmpxchg_fail. iMod (decide_park with "AU Hq") as "[Hq HΦ]". iModIntro.
      iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, [], [], (e :: Q), false, s. rewrite Hn. by iFrame. }
      wp_pures. iApply "HΦ". iExists q, [], [], s. by iFrame. }
    destruct parked; rewrite {1}/back_val /=.
    - (* The mark is there already. *)
      wp_cmpxchg_fail.
      iMod (progress_update (Private q (length P) [] [] Marked) with "Hc Hs") as "[Hc Hs]".
      iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, [], [], [], true, Marked. iFrame.
        iPureIntro. split_and!; try done. by left. }
      clear HP HwU HwQ Hgap Hs. wp_pures. wp_bind (CmpXchg _ _ _).
      iInv N as (P' U T Q parked s')
        "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
      iDestruct (progress_agree with "Hc Hs") as %[= HPP' HU -> ->]. rewrite -HPP'.
      apply fmap_nil_inv in HU as ->. simpl.
      destruct Q as [|e Q]; last first.
      { iDestruct (parked_empty with "Hq") as %Hparked.
        destruct parked; first by specialize (Hparked eq_refl).
        destruct (back_val_cons Q e false) as [n Hn]. rewrite Hn.
        wp_cmpxchg_fail. iMod (decide_park with "AU Hq") as "[Hq HΦ]". iModIntro.
        iSplitL "Hback Hq Hs HE HU HQ Hev HD".
        { iNext. iExists P', [], [], (e :: Q), false, Marked. rewrite Hn. by iFrame. }
        wp_pures. iApply "HΦ". iExists q, [], [], Marked. by iFrame. }
      destruct Hs as [->|Hs]; last (simpl in Hs; lia). rewrite {1}/back_val /=.
      wp_cmpxchg_suc. iMod (decide_park with "AU Hq") as "[Hq HΦ]". iModIntro.
      iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P', [], [], [], true, Marked. iFrame.
        iPureIntro. split_and!; try done. by left. }
      wp_pures. iApply "HΦ". iExists q, [], [], Marked. by iFrame.
    - wp_cmpxchg_suc. iMod (decide_park with "AU Hq") as "[Hq HΦ]".
      iMod (progress_update (Private q (length P) [] [] AtRest) with "Hc Hs") as "[Hc Hs]".
      iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, [], [], [], true, AtRest. by iFrame. }
      wp_pures. iApply "HΦ". iExists q, [], [], AtRest. by iFrame.
  Qed.

  Lemma unpark_spec γ q D k Φ :
    is_queue γ q D -∗ consumer γ k -∗ unpark_commit γ k Φ -∗ WP unpark #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%q' & %U & %T & %s & Hc & (H1 & H2 & H3 & H4) & HT) AU".
    iMod (queue_at_agree with "Hinv Hc") as "[%Hq Hc]". simpl in Hq. subst q'.
    wp_lam. wp_bind (CmpXchg _ _ _).
    iInv N as (P U' T' Q parked s')
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
    iDestruct (parked_empty with "Hq") as %Hparked.
    iAssert (|={⊤ ∖ ↑N}=> queue γ (P ++ U' ++ linked_entries T ++ Q).*1 (length P) false ∗
      (consumer γ (length P) -∗ Φ #(bool_decide (U' ++ linked_entries T ++ Q = []))))%I
      with "[AU Hq]" as ">[Hq HΦ]".
    { by iMod (decide_unpark with "AU Hq") as "[$ $]". }
    iMod (progress_update (Private q (length P) U T AtRest) with "Hc Hs") as "[Hc Hs]".
    destruct Q as [|e Q]; last first.
    { destruct parked.
      { specialize (Hparked eq_refl). by apply app_eq_nil in Hparked as [_ [_ ?]%app_eq_nil]. }
      rewrite bool_decide_false; last by intros [_ [_ ?]%app_eq_nil]%app_eq_nil.
      destruct (back_val_cons Q e false) as [n Hn]. rewrite Hn.
      wp_cmpxchg_fail. iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, U', T, (e :: Q), false, AtRest. rewrite Hn HU. by iFrame. }
      wp_pures. iApply "HΦ". iExists q, U, T, AtRest. by iFrame. }
    destruct parked; rewrite {1}/back_val /=.
    - wp_cmpxchg_suc. iModIntro. rewrite bool_decide_true; last by apply Hparked.
      iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, U', T, [], false, AtRest. rewrite HU. by iFrame. }
      wp_pures. iApply "HΦ". iExists q, U, T, AtRest. by iFrame.
    - wp_cmpxchg_fail. iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, U', T, [], false, AtRest. rewrite HU. by iFrame. }
      wp_pures. wp_load. destruct (last (U ++ T)) as [n|] eqn:Hlast; wp_pures.
      + rewrite bool_decide_false; last (apply batch_not_empty; by rewrite HU Hlast).
        iApply "HΦ". iExists q, U, T, AtRest. rewrite /fields Hlast. by iFrame.
      + apply last_None, app_eq_nil in Hlast as [-> ->]. apply fmap_nil_inv in HU as ->.
        rewrite bool_decide_true //. iApply "HΦ". iExists q, [], [], AtRest. by iFrame.
  Qed.
End park.
