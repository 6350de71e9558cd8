(** The pop of the gap-free form with its closing. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.closing Require Export invariant.
From iris.prelude Require Import options.

Section pop.
  Context `{!heapGS Σ, !gap_freeG Σ} (N : namespace).
  Implicit Types (γ : closable_name) (q n m : loc) (P Q T U h c : list loc) (k : nat) (s : stage)
    (found : option (list loc)) (Φ : val → iProp Σ).

  Local Notation is_closable := (invariant.is_closable N).
  Local Notation pop_commit := (invariant.pop_commit N).

  (** ** The walk, over links that belong to the consumer *)

  Lemma turn_spec U n T :
    {{{ own_links BOTTOM (linked_entries (U ++ [n])) ∗ own_chain T }}}
      turn false #n (link_val (T !! 0))
    {{{ n' T', RET InjRV #n'; ⌜n' :: T' = U ++ n :: T⌝ ∗ own_chain (n' :: T') }}}.
  Proof.
    iIntros (Φ) "[HU HT] HΦ". iInduction U as [|m U] "IH" using rev_ind forall (n T).
    - iDestruct "HU" as "[Hn _]". simpl. wp_lam. wp_pures. wp_load. wp_pures. wp_store. wp_pures.
      iApply ("HΦ" $! n T). iModIntro. rewrite own_chain_cons. by iFrame.
    - rewrite (linked_entries_snoc (U ++ [m]) n) own_links_app last_val_linked /=.
      iDestruct "HU" as "(HU & Hn & _)".
      wp_lam. wp_pures. wp_load. wp_pures. wp_store. wp_pures.
      iApply ("IH" $! m (n :: T) with "HU [Hn HT]").
      { rewrite own_chain_cons. by iFrame. }
      rewrite -(assoc_L (++)) /=. done.
  Qed.

  Lemma go_on_spec q U n :
    {{{ own_links BOTTOM (linked_entries (U ++ [n])) ∗
        (∃ v : val, (q +ₗ 2) ↦ v) ∗ (∃ v : val, (q +ₗ 3) ↦ v) }}}
      go_on false #q #n NULL
    {{{ n' T', RET InjRV #n'; ⌜n' :: T' = U ++ [n]⌝ ∗ own_chain (n' :: T') ∗
        (q +ₗ 2) ↦ NULL ∗ (q +ₗ 3) ↦ NULL }}}.
  Proof.
    iIntros (Φ) "(HU & [%v2 H2] & [%v3 H3]) HΦ". wp_lam. wp_pures.
    wp_apply (turn_spec U n [] with "[$HU]"); first by rewrite /own_chain.
    iIntros (n' T') "[%Heq HT]". wp_pures. wp_store. wp_store. wp_pures.
    iApply "HΦ". by iFrame.
  Qed.

  (** ** What is to be taken *)

  (** [back], as the consumer sees it while the queue is open. *)
  Lemma load_open_spec γ q k s Φ :
    is_closable γ q -∗
    {{{ open_place γ q k [] s ∗ pop_commit γ q k Φ }}} ! #q
    {{{ v, RET v;
        (∃ parked, ⌜v = mark parked⌝ ∗ open_place γ q k [] s ∗ decided γ q k Φ (Answer Empty)) ∨
        (∃ n : loc, ⌜v = #n⌝ ∗ open_place γ q k [] NotEmpty ∗ pop_commit γ q k Φ) }}}.
  Proof.
    iIntros "#Hinv !>". iIntros (Ψ) "[[Hst Hs] AU] HΨ".
    iInv N as ">[[Hst' (%P & %T' & %Q & %parked & %s' & Hback & Hq & Hs' & HQ & %Hs)]|[Hcl _]]";
      last by iDestruct (status_closed with "Hst Hcl") as %?.
    iDestruct (known_agree with "Hs Hs'") as %[= <- -> ->]. simpl. destruct Q as [|n Q].
    - wp_load. iMod "AU" as (h k parked' closed) "[Hc [_ Hcommit]]".
      iDestruct (closable_agree with "Hq Hst Hc") as %(-> & -> & -> & ->).
      iMod ("Hcommit" $! (Answer Empty) with "[$Hc]") as "HΦ".
      { iPureIntro. by rewrite app_nil_r. }
      iModIntro. iSplitR "HΨ Hst Hs HΦ".
      { iNext. iLeft. iFrame "Hst'". iExists P, [], [], parked, s. by iFrame. }
      iApply "HΨ". iLeft. iExists parked. by iFrame.
    - destruct (back_val_cons (linked_entries Q) (n, Linked) parked) as [m Hm]. wp_load.
      iMod (known_update (Private q (length P) [] [] NotEmpty) with "Hs Hs'") as "[Hs Hs']".
      iModIntro. iSplitR "HΨ Hst Hs AU".
      { iNext. iLeft. iFrame "Hst'". iExists P, [], (n :: Q), parked, NotEmpty. iFrame.
        iPureIntro. simpl. lia. }
      iApply "HΨ". iRight. iExists m. rewrite -Hm. by iFrame.
  Qed.

  (** The exchange by which the consumer takes everything. *)
  Lemma take_all_spec γ q k :
    is_closable γ q -∗
    {{{ open_place γ q k [] NotEmpty }}} Xchg #q EMPTY
    {{{ n U, RET #n; open_place γ q k (U ++ [n]) AtRest ∗
        own_links BOTTOM (linked_entries (U ++ [n])) }}}.
  Proof.
    iIntros "#Hinv !>". iIntros (Ψ) "[Hst Hs] HΨ".
    iInv N as ">[[Hst' (%P & %T' & %Q & %parked & %s' & Hback & Hq & Hs' & HQ & %Hs)]|[Hcl _]]";
      last by iDestruct (status_closed with "Hst Hcl") as %?.
    iDestruct (known_agree with "Hs Hs'") as %[= <- -> ->]. simpl.
    iDestruct (parked_nil _ _ [] with "Hq") as %Hparked.
    destruct Q as [|n Q _] using rev_ind; first (simpl in Hs; lia).
    destruct parked; first by destruct (Hparked eq_refl) as [_ ?%app_eq_nil]; naive_solver.
    rewrite {1}linked_entries_snoc /back_val last_snoc. wp_xchg.
    iMod (known_update (Private q (length P) [] (Q ++ [n]) AtRest) with "Hs Hs'") as "[Hs Hs']".
    iModIntro. iSplitR "HΨ Hst Hs HQ".
    { iNext. iLeft. iFrame "Hst'". iExists P, (Q ++ [n]), [], false, AtRest.
      rewrite /= app_nil_r. by iFrame. }
    iApply "HΨ". by iFrame.
  Qed.

  (** [back] of a closed queue. *)
  Lemma load_closed_spec γ q f :
    is_closable γ q -∗ {{{ status γ f true }}} ! #q {{{ RET CLOSED; status γ f true }}}.
  Proof.
    iIntros "#Hinv !>" (Ψ) "Hst HΨ". iInv N as ">[[Hst' _]|[#Hcl Hback]]".
    { by iDestruct (status_agree with "Hst Hst'") as %?. }
    wp_load. iModIntro. iSplitL "Hback"; first by (iNext; iRight; iFrame). by iApply "HΨ".
  Qed.

  (** [take]: either the answer is decided, or there are links, and they belong to the consumer. *)
  Lemma take_spec γ q k found Φ :
    is_closable γ q -∗
    {{{ place γ q k [] found ∗ (q +ₗ 5) ↦ closing_val found ∗ pop_commit γ q k Φ }}}
      take #q
    {{{ r, RET r;
        (∃ o a found, ⌜r = InjLV a ∧ outcome_val o = InjLV a⌝ ∗ ⌜popped_after k o = k⌝ ∗
         place γ q k [] found ∗
         (q +ₗ 5) ↦ closing_val found ∗ decided γ q k Φ o) ∨
        (∃ n U found, ⌜r = InjRV #n⌝ ∗ place γ q k (U ++ [n]) found ∗
         own_links BOTTOM (linked_entries (U ++ [n])) ∗
         (q +ₗ 5) ↦ closing_val found ∗ pop_commit γ q k Φ) }}}.
  Proof.
    iIntros "#Hinv !>" (Ψ) "(Hplace & H5 & AU) HΨ". wp_lam. destruct found as [Q|]; simpl.
    - iDestruct "Hplace" as "(Hst & Hs & (%P & %Hk & Hq) & HQ)".
      wp_apply (load_closed_spec with "Hinv Hst"). iIntros "Hst". rewrite /is_empty. wp_pures.
      wp_load. destruct Q as [|n Q _] using rev_ind; simpl.
      + wp_pures. wp_store. iMod (decide_closed with "[Hst Hs Hq HQ] AU") as "[Hplace HΦ]".
        { iFrame. iExists P. by iFrame. }
        wp_pures. iApply "HΨ". iLeft. iExists Closed, _, (Some []). by iFrame.
      + rewrite last_snoc. wp_pures. wp_store. wp_pures. iApply "HΨ". iRight.
        iExists n, Q, (Some []). iFrame. iModIntro. iSplit; first done.
        iSplitL; last done. iExists P. rewrite app_nil_r. by iFrame.
    - iDestruct "Hplace" as (s) "Hplace".
      wp_apply (load_open_spec with "Hinv [$Hplace $AU]"). rewrite /is_empty.
      iIntros (v) "[(%parked & -> & Hplace & HΦ)|(%m & -> & Hplace & AU)]".
      + destruct parked; wp_pures; iApply "HΨ"; iLeft; iExists (Answer Empty), _, None;
          iFrame; (iModIntro; iSplit; [done|]; iSplit; [done|]; by iExists s).
      + wp_pures. wp_load. wp_pures. wp_apply (take_all_spec with "Hinv Hplace").
        iIntros (n U) "[Hplace HU]". wp_pures. iApply "HΨ". iRight. iExists n, U, None.
        iFrame. iModIntro. iSplit; first done. by iExists _.
  Qed.

  (** ** The pop *)

  (** The oldest link is taken out of the batch. *)
  Lemma take_ready_spec γ q k n T found Φ :
    is_closable γ q -∗ place γ q k (n :: T) found -∗
    (∃ v : val, (q +ₗ 1) ↦ v) -∗ (q +ₗ 2) ↦ NULL -∗ (q +ₗ 3) ↦ NULL -∗
    (q +ₗ 4) ↦ link_val (last (n :: T)) -∗ (q +ₗ 5) ↦ closing_val found -∗
    own_chain (n :: T) -∗ pop_commit γ q k Φ -∗
    WP take_ready #q #n {{ Φ }}.
  Proof.
    iIntros "#Hinv Hplace [%v H1] H2 H3 H4 H5 [Hn HT] AU". wp_lam. wp_pures. wp_load.
    iMod (decide_item with "Hinv Hplace AU [Hn]") as "[Hplace HΦ]"; first by eauto.
    wp_pures. wp_store. destruct T as [|m T]; simpl; wp_pures.
    - wp_store. wp_pures. iApply "HΦ". iExists [], found. by iFrame.
    - iApply "HΦ". iExists (m :: T), found. by iFrame.
  Qed.

  Lemma pop_spec γ q k Φ :
    is_closable γ q -∗ consumer γ q k -∗ pop_commit γ q k Φ -∗ WP pop #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%T & %found & Hplace & (H1 & H2 & H3 & H4) & H5 & HT) AU".
    wp_lam. wp_load. wp_pures. destruct T as [|n T]; simpl; wp_pures; last first.
    { by iApply (take_ready_spec with "Hinv Hplace [H1] H2 H3 H4 H5 HT AU"); eauto. }
    iClear "HT". wp_lam. wp_load. wp_load. wp_pures.
    wp_apply (take_spec with "Hinv [$Hplace $H5 $AU]"). clear found.
    iIntros (r) "[(%o & %a & %found & [-> %Ho] & %Hk & Hplace & H5 & HΦ)
                 |(%n & %U & %found & -> & Hplace & HU & H5 & AU)]"; wp_pures.
    - rewrite -Ho. iApply "HΦ". rewrite Hk. iExists [], found. rewrite /own_chain /=. by iFrame.
    - wp_store. wp_apply (go_on_spec with "[$HU H2 H3]").
      { iSplitL "H2"; by iExists _. }
      iIntros (n' T') "(%Heq & HT & H2 & H3)". rewrite -Heq. wp_pures.
      assert (last (n' :: T') = Some n) as Hlast by by rewrite Heq last_snoc.
      iApply (take_ready_spec with "Hinv Hplace [H1] H2 H3 [H4] H5 HT AU"); first by eauto.
      by rewrite Hlast.
  Qed.
End pop.
