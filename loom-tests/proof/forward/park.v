(** A new queue, and park and unpark of the forward-linked form. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.forward Require Export invariant.
From iris.prelude Require Import options.

Section park.
  Context `{!heapGS Σ, !forwardG Σ} (N : namespace).
  Implicit Types (Q P : list entry) (γ : queue_name) (q n : loc) (k : nat)
    (D : nat → iProp Σ) (s : stage) (Φ : val → iProp Σ).

  Lemma new_spec D :
    {{{ True }}} new #()
    {{{ q γ, RET #q; is_queue N γ q D ∗ queue γ [] 0 false ∗ consumer γ 0 ∗ producer γ 1 }}}.
  Proof.
    iIntros (Φ) "_ HΦ". wp_lam. iApply wp_fupd. wp_alloc q as "Hq"; first lia.
    iDestruct (array_cons with "Hq") as "[Hback Hq]".
    iDestruct (array_cons with "Hq") as "[Hfront _]".
    iMod (ghost_var_alloc (0, AtRest)) as (γc) "Hs".
    iMod (ghost_map_alloc_empty (K:=nat) (V:=entry)) as (γe) "HE".
    iMod (queue_alloc γc γe) as (γ <- <-) "(Hq & Hq' & Hp)".
    iEval (rewrite -Qp.three_quarter_quarter) in "Hs". iDestruct "Hs" as "[Hc Hs]".
    iMod (inv_alloc N _ (forward_inv γ q D) with "[Hback Hfront Hq HE Hs]") as "#Hinv".
    { iNext. iExists [], [], false, AtRest. rewrite /links /evidences /deposits /progress_inv /=.
      by iFrame. }
    iModIntro. iApply "HΦ". iFrame "#∗". iExists AtRest. rewrite /progress. by iFrame.
  Qed.

  Local Notation park_commit := (decide.park_commit N consumer).
  Local Notation unpark_commit := (decide.unpark_commit N consumer).

  Lemma park_spec γ q D k Φ :
    is_queue N γ q D -∗ consumer γ k -∗ park_commit γ k Φ -∗ WP park #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%s & %Hs & Hc) AU". wp_lam. wp_bind (CmpXchg _ _ _).
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    destruct Q as [|e Q]; last first.
    { (* A link is in [back]. *)
      iDestruct (parked_empty with "Hq") as %Hparked.
      destruct parked; first by specialize (Hparked eq_refl).
      destruct (back_val_cons Q e false) as [n Hn]. rewrite Hn.
      wp_cmpxchg_fail. iMod (decide_park with "AU Hq") as "[Hq HΦ]". iModIntro.
      iSplitR "HΦ Hc".
      { iNext. iExists P, (e :: Q), false, s. rewrite Hn. by iFrame. }
      wp_pures. iApply "HΦ". iExists s. by iFrame. }
    destruct parked; rewrite {1}/back_val /=.
    - (* The mark is there already. *)
      wp_cmpxchg_fail.
      iMod (progress_update (length P) Marked with "Hc Hs") as "[Hc Hs]". iModIntro.
      iSplitR "AU Hc".
      { iNext. iExists P, [], true, Marked. rewrite /front_val Hs /=. iFrame.
        iPureIntro. split; [done|split; [done|by left]]. }
      clear HP HQ s Hs Hok. wp_pures. wp_bind (CmpXchg _ _ _).
      iInv N as (P' Q parked s)
        "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
      iDestruct (progress_agree with "Hc Hs") as %[HPP' ->]. rewrite -HPP'.
      destruct Q as [|e Q]; last first.
      { iDestruct (parked_empty with "Hq") as %Hparked.
        destruct parked; first by specialize (Hparked eq_refl).
        destruct (back_val_cons Q e false) as [n Hn]. rewrite Hn.
        wp_cmpxchg_fail. iMod (decide_park with "AU Hq") as "[Hq HΦ]". iModIntro.
        iSplitR "HΦ Hc".
        { iNext. iExists P', (e :: Q), false, Marked. rewrite Hn. by iFrame. }
        wp_pures. iApply "HΦ". iExists Marked. by iFrame. }
      destruct Hok as [->|Hok]; last (simpl in Hok; lia). rewrite {1}/back_val /=.
      wp_cmpxchg_suc. iMod (decide_park with "AU Hq") as "[Hq HΦ]". iModIntro.
      iSplitR "HΦ Hc".
      { iNext. iExists P', [], true, Marked. iFrame.
        iPureIntro. split; [done|split; [done|by left]]. }
      wp_pures. iApply "HΦ". iExists Marked. by iFrame.
    - wp_cmpxchg_suc. iMod (decide_park with "AU Hq") as "[Hq HΦ]".
      iMod (progress_update (length P) AtRest with "Hc Hs") as "[Hc Hs]". iModIntro.
      iSplitR "HΦ Hc".
      { iNext. iExists P, [], true, AtRest. rewrite /front_val Hs /=. by iFrame. }
      wp_pures. iApply "HΦ". iExists AtRest. by iFrame.
  Qed.

  Lemma unpark_spec γ q D k Φ :
    is_queue N γ q D -∗ consumer γ k -∗ unpark_commit γ k Φ -∗ WP unpark #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%s & %Hs & Hc) AU". wp_lam. wp_bind (CmpXchg _ _ _).
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    iDestruct (parked_empty with "Hq") as %Hparked.
    iAssert (|={⊤ ∖ ↑N}=> queue γ (P ++ Q).*1 (length P) false ∗
      (consumer γ (length P) -∗ Φ #(bool_decide (Q = []))))%I with "[AU Hq]" as ">[Hq HΦ]".
    { by iMod (decide_unpark with "AU Hq") as "[$ $]". }
    iMod (progress_update (length P) AtRest with "Hc Hs") as "[Hc Hs]".
    assert (front_val Q AtRest = front_val Q s) as Hfront by by rewrite /front_val Hs.
    destruct Q as [|e Q]; last first.
    { destruct parked; first by specialize (Hparked eq_refl).
      destruct (back_val_cons Q e false) as [n Hn]. rewrite Hn.
      wp_cmpxchg_fail. iModIntro. iSplitR "HΦ Hc".
      { iNext. iExists P, (e :: Q), false, AtRest. rewrite Hn Hfront. by iFrame. }
      wp_pures. iApply "HΦ". iExists AtRest. by iFrame. }
    destruct parked; rewrite {1}/back_val /=.
    - wp_cmpxchg_suc. iModIntro. iSplitR "HΦ Hc".
      { iNext. iExists P, [], false, AtRest. rewrite Hfront. by iFrame. }
      wp_pures. iApply "HΦ". iExists AtRest. by iFrame.
    - wp_cmpxchg_fail. iModIntro. iSplitR "HΦ Hc".
      { iNext. iExists P, [], false, AtRest. rewrite Hfront. by iFrame. }
      wp_pures. iApply "HΦ". iExists AtRest. by iFrame.
  Qed.
End park.
