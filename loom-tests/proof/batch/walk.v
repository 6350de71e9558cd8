(** The walk over a batch, from the newest link to the oldest, which turns the links round. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.batch Require Export invariant.
From iris.prelude Require Import options.

Section walk.
  Context `{!heapGS Σ, !batchG Σ} (N : namespace) (gap : bool).
  Implicit Types (P Q : list entry) (U T : list loc) (γ : queue_name) (q n m : loc)
    (j k : nat) (D : nat → iProp Σ) (s : stage) (Φ : val → iProp Σ).

  Local Notation is_queue := (invariant.is_queue N gap).
  Local Notation pop_commit := (decide.pop_commit N gap consumer).
  Local Notation decided := (decide.decided consumer).

  (** What an own link leads to: the newest of the older ones of the batch. *)
  Definition older_val U : val := match last U with Some n => #n | None => BOTTOM end.

  Lemma older_val_entries (U : list entry) : last_val BOTTOM U = older_val U.*1.
  Proof. rewrite /older_val fmap_last /last_val. by destruct (last U) as [[]|]. Qed.

  (** The walk loads an own link. If the link is set, its push touches it no more, so the consumer
      takes it out of the invariant. If not, the push is in its gap. *)
  Lemma load_own_spec γ q D k U T n s Φ :
    is_queue γ q D -∗
    {{{ progress γ (Private q k (U ++ [n]) T s) ∗ pop_commit γ D k Φ }}} ! #n
    {{{ v, RET v;
        (⌜v = older_val U⌝ ∗ progress γ (Private q k U (n :: T) s) ∗ n ↦ v ∗ pop_commit γ D k Φ) ∨
        (⌜v = NULL⌝ ∗ ⌜gap = true⌝ ∗ progress γ (Private q k (U ++ [n]) T s) ∗
         decided γ k Φ Stalled) }}}.
  Proof.
    iIntros "#Hinv !>". iIntros (Ψ) "[Hc AU] HΨ".
    iInv N as (P U' T' Q parked s')
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
    apply fmap_app_inv in HU as (U1 & U2 & -> & HU2 & ->).
    destruct U2 as [|[n' ph] [|? ?]]; simplify_eq/=.
    iDestruct (own_links_app with "HU") as "(HU & Hn & _)".
    destruct ph as [|w f].
    - wp_load.
      iMod (progress_update (Private q (length P) U1.*1 (n' :: T) s) with "Hc Hs") as "[Hc Hs]".
      iModIntro. iSplitR "HΨ Hc Hn AU".
      { iNext. iExists P, U1, (n' :: T), Q, parked, s. rewrite -!(assoc_L _ U1) /=. iFrame.
        iPureIntro. split_and!; try done.
        - by eapply well_placed_walk.
        - intros H. destruct (Hgap H) as [HU HQ]. by apply Forall_app in HU as [HU _]. }
      iApply "HΨ". iLeft. iFrame. by rewrite older_val_entries.
    - assert (gap = true) as Hgap'.
      { destruct gap; first done. destruct (Hgap eq_refl) as [HU _].
        assert (InGap w f = Linked) as Hnot; last discriminate Hnot.
        apply (Forall_lookup_1 _ _ (length U1) (n', InGap w f) HU).
        by rewrite lookup_app_r // Nat.sub_diag. }
      wp_load.
      iMod (decide_stalled _ _ _ _ _ _ _ _ (length U1) n' w f with "AU Hq Hev")
        as "(Hq & Hev & HΦ)"; first done.
      { by rewrite -(assoc_L _ U1) lookup_app_r // Nat.sub_diag. }
      iModIntro. iSplitR "HΨ Hc HΦ".
      { iNext. iExists P, (U1 ++ [(n', InGap w f)]), T, Q, parked, s.
        rewrite fmap_app own_links_app /=. by iFrame. }
      iApply "HΨ". iRight. by iFrame.
  Qed.

  (** The check for a gap, at a link that is set. *)
  Lemma gap_check_spec U :
    {{{ True }}} #gap && (older_val U = NULL) {{{ RET #false; True }}}.
  Proof.
    iIntros (Φ) "_ HΦ". rewrite /older_val.
    destruct gap, (last U); wp_pures; by iApply "HΦ".
  Qed.

  (** The outcome of a walk over the batch: the oldest link, with all links turned round; or the
      place of the gap that it met. *)
  Definition walked γ q D k s Φ (newest : option loc) (r : val) : iProp Σ :=
    (∃ n T, ⌜r = InjRV #n⌝ ∗ ⌜last (n :: T) = newest⌝ ∗
       progress γ (Private q k [] (n :: T) s) ∗ own_chain (n :: T) ∗ pop_commit γ D k Φ) ∨
    (∃ U n T, ⌜r = InjLV (#n, link_val (T !! 0))⌝ ∗ ⌜last (U ++ n :: T) = newest⌝ ∗
       progress γ (Private q k (U ++ [n]) T s) ∗ own_chain T ∗ decided γ k Φ Stalled).

  Lemma turn_spec γ q D k U T n s Φ :
    is_queue γ q D -∗
    {{{ progress γ (Private q k (U ++ [n]) T s) ∗ own_chain T ∗ pop_commit γ D k Φ }}}
      turn gap #n (link_val (T !! 0))
    {{{ r, RET r; walked γ q D k s Φ (last (U ++ n :: T)) r }}}.
  Proof.
    iIntros "#Hinv !>" (Ψ) "(Hc & HT & AU) HΨ".
    iInduction U as [|m U] "IH" using rev_ind forall (n T).
    - wp_lam. wp_pures. wp_apply (load_own_spec with "Hinv [$Hc $AU]").
      iIntros (v) "[(-> & Hc & Hn & AU)|(-> & -> & Hc & HΦ)]".
      + wp_pures. wp_apply (gap_check_spec with "[//]"). iIntros "_". wp_pures. wp_store.
        rewrite /older_val /=. wp_pures. iApply "HΨ". iLeft. iExists n, T.
        rewrite own_chain_cons. by iFrame.
      + wp_pures. iApply "HΨ". iRight. iExists [], n, T. by iFrame.
    - wp_lam. wp_pures. wp_apply (load_own_spec with "Hinv [$Hc $AU]").
      iIntros (v) "[(-> & Hc & Hn & AU)|(-> & -> & Hc & HΦ)]".
      + wp_pures. wp_apply (gap_check_spec with "[//]"). iIntros "_". wp_pures. wp_store.
        rewrite /older_val last_snoc -(assoc_L _ U) /=. wp_pures.
        iApply ("IH" $! m (n :: T) with "Hc [Hn HT] AU HΨ").
        rewrite own_chain_cons. by iFrame.
      + wp_pures. iApply "HΨ". iRight. iExists (U ++ [m]), n, T. by iFrame.
  Qed.

  Lemma last_walk U (n : loc) T : last ((U ++ [n]) ++ T) = last (U ++ n :: T).
  Proof. by rewrite -(assoc_L (++)). Qed.

  (** The walk, and where it stands is stored. *)
  Lemma go_on_spec γ q D k U T n s Φ :
    is_queue γ q D -∗
    {{{ progress γ (Private q k (U ++ [n]) T s) ∗ own_chain T ∗ pop_commit γ D k Φ ∗
        (∃ v, (q +ₗ 2) ↦ v) ∗ (∃ v, (q +ₗ 3) ↦ v) ∗ (q +ₗ 1) ↦ NULL ∗
        (q +ₗ 4) ↦ link_val (last (U ++ n :: T)) }}}
      go_on gap #q #n (link_val (T !! 0))
    {{{ r, RET r;
        (∃ n T, ⌜r = InjRV #n⌝ ∗ progress γ (Private q k [] (n :: T) s) ∗ own_chain (n :: T) ∗
           pop_commit γ D k Φ ∗ (q +ₗ 1) ↦ NULL ∗ (q +ₗ 2) ↦ NULL ∗ (q +ₗ 3) ↦ NULL ∗
           (q +ₗ 4) ↦ link_val (last (n :: T))) ∨
        (⌜r = IS_STALLED⌝ ∗ consumer γ k ∗ decided γ k Φ Stalled) }}}.
  Proof.
    iIntros "#Hinv !>" (Ψ) "(Hc & HT & AU & [%v2 H2] & [%v3 H3] & H1 & H4) HΨ".
    wp_lam. wp_pures. wp_apply (turn_spec with "Hinv [$Hc $HT $AU]").
    iIntros (r) "[(%n' & %T' & -> & %Hlast & Hc & HT & AU)
                 |(%U' & %n' & %T' & -> & %Hlast & Hc & HT & HΦ)]";
      rewrite -Hlast; wp_pures; wp_store; wp_pures; wp_store; try wp_pures; iApply "HΨ".
    - iLeft. iExists n', T'. by iFrame.
    - iModIntro. iRight. iFrame "HΦ". iSplit; first done.
      iExists q, (U' ++ [n']), T', s. rewrite /fields last_snoc last_walk. iFrame.
      destruct U'; by iFrame.
  Qed.
End walk.
