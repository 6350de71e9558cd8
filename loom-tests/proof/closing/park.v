(** A new queue, park, unpark and close, of the gap-free form with its closing. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.closing Require Export invariant.
From iris.prelude Require Import options.

Section park.
  Context `{!heapGS Σ, !gap_freeG Σ} (N : namespace).
  Implicit Types (γ : closable_name) (q n m : loc) (P Q T h c : list loc) (k : nat) (s : stage)
    (found : option (list loc)) (Φ : val → iProp Σ).

  Local Notation is_closable := (invariant.is_closable N).

  Lemma new_spec :
    {{{ True }}} new #()
    {{{ q γ, RET #q;
        is_closable γ q ∗ closable γ [] 0 false false ∗ consumer γ q 0 ∗ producer γ 1 }}}.
  Proof.
    iIntros (Φ) "_ HΦ". wp_lam. iApply wp_fupd. wp_alloc q as "Hq"; first lia.
    iDestruct (array_cons with "Hq") as "[Hback Hq]".
    iDestruct (array_cons with "Hq") as "[H1 Hq]".
    iDestruct (array_cons with "Hq") as "[H2 Hq]".
    iDestruct (array_cons with "Hq") as "[H3 Hq]".
    iDestruct (array_cons with "Hq") as "[H4 Hq]".
    iDestruct (array_cons with "Hq") as "[H5 _]".
    rewrite !loc_add_assoc.
    iMod (ghost_var_alloc (Private q 0 [] [] AtRest)) as (γc) "Hs".
    iMod (mono_nat_own_alloc 0) as (γs) "[Hst _]".
    iMod (queue_alloc γc γc) as (γ <- _) "(Hq & Hq' & Hp)".
    set (γ' := ClosableName γ γs).
    iEval (rewrite -Qp.three_quarter_quarter) in "Hs". iDestruct "Hs" as "[Hc Hs]".
    iAssert (status γ' (1/2) false ∗ status γ' (1/4) false ∗ status γ' (1/4) false)%I
      with "[Hst]" as "(Hst & Hst' & Hst'')".
    { rewrite /status /=. iDestruct "Hst" as "[$ Hst]".
      iEval (rewrite -Qp.quarter_quarter) in "Hst". iDestruct "Hst" as "[$ $]". }
    iMod (inv_alloc N _ (closable_inv γ' q) with "[Hback Hq Hs Hst']") as "#Hinv".
    { iNext. iLeft. iFrame "Hst'". iExists [], [], [], false, AtRest. simpl. by iFrame. }
    iModIntro. iApply ("HΦ" $! q γ'). iFrame "#∗". iSplit; first done.
    iExists [], None. rewrite /own_chain /=. iFrame. iExists AtRest. by iFrame.
  Qed.

  (** ** Park and unpark *)

  (** The mark is set to [parked], if the queue is open, and the answer is whether it is empty. *)
  Definition mark_commit γ q k (marks : bool) Φ : iProp Σ :=
    AU << ∃∃ h k' parked closed, closable γ h k' parked closed >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ closable γ h k (marks && is_idle h k closed) closed,
          COMM consumer γ q k -∗ Φ #(is_idle h k closed) >>.

  Lemma is_idle_open P T Q :
    is_idle (P ++ T ++ Q) (length P) false = bool_decide (T = [] ∧ Q = []).
  Proof.
    rewrite /is_idle /= !app_length. apply bool_decide_ext. split; last by intros [-> ->].
    intros H. split; apply nil_length_inv; lia.
  Qed.

  Lemma commit_mark γ q P T Q f parked marks Φ :
    mark_commit γ q (length P) marks Φ -∗ queue γ (P ++ T ++ Q) (length P) parked -∗
    status γ f false ={⊤ ∖ ↑N}=∗
    queue γ (P ++ T ++ Q) (length P) (marks && bool_decide (T = [] ∧ Q = [])) ∗
    status γ f false ∗ (consumer γ q (length P) -∗ Φ #(bool_decide (T = [] ∧ Q = []))).
  Proof.
    iIntros "AU Hq Hst". iMod "AU" as (h k' parked' closed') "[Hc [_ Hcommit]]".
    iMod (closable_view _ _ _ _ (length P) (marks && bool_decide (T = [] ∧ Q = []))
      with "Hq Hst Hc") as "(%Heq & $ & $ & Hc)"; [| |done|].
    { rewrite app_length. lia. }
    { intros [_ [-> ->]%bool_decide_eq_true]%andb_prop. by rewrite /= app_nil_r. }
    destruct Heq as (-> & -> & -> & ->). rewrite -(is_idle_open P). iApply "Hcommit". by iFrame.
  Qed.

  (** A closed queue stays as it is, and the answer is [false]. *)
  Lemma commit_mark_closed γ q k T Q marks Φ :
    mark_commit γ q k marks Φ -∗ closed_place γ k T Q ={⊤}=∗
    closed_place γ k T Q ∗ (consumer γ q k -∗ Φ #false).
  Proof.
    iIntros "AU (Hst & $ & (%P & <- & Hq) & $)".
    iMod (fupd_mask_subseteq (⊤ ∖ ↑N)) as "Hmask"; first done.
    iMod "AU" as (h k parked closed) "[Hc [_ Hcommit]]".
    iDestruct (closable_agree with "Hq Hst Hc") as %(-> & -> & -> & ->).
    iMod ("Hcommit" with "[Hc]") as "HΦ".
    { rewrite /is_idle /= andb_false_r. by iFrame. }
    iMod "Hmask" as "_". iModIntro. iFrame. iExists P. by iFrame.
  Qed.

  (** A queue of which the consumer holds links is not empty. *)
  Lemma decide_held γ q k n T found marks Φ :
    is_closable γ q -∗ place γ q k (n :: T) found -∗ mark_commit γ q k marks Φ ={⊤}=∗
    place γ q k (n :: T) found ∗ (consumer γ q k -∗ Φ #false).
  Proof.
    iIntros "#Hinv Hplace AU". destruct found as [Q|]; simpl.
    { iApply (commit_mark_closed with "AU Hplace"). }
    iDestruct "Hplace" as (s) "[Hst Hs]".
    iInv N as ">[[Hst' (%P & %T' & %Q & %parked & %s' & Hback & Hq & Hs' & HQ & %Hs)]|[Hcl _]]"
      "Hclose"; last by iDestruct (status_closed with "Hst Hcl") as %?.
    iDestruct (known_agree with "Hs Hs'") as %[= <- -> ->].
    iDestruct (parked_nil _ _ (n :: T) with "Hq") as %Hparked.
    destruct parked; first by destruct (Hparked eq_refl).
    iMod (commit_mark _ _ _ (n :: T) with "AU Hq Hst") as "(Hq & Hst & HΦ)".
    rewrite bool_decide_false; last by intros [? _]. rewrite andb_false_r. iFrame "HΦ".
    iMod ("Hclose" with "[Hst' Hback Hq Hs' HQ]") as "_".
    { iNext. iLeft. iFrame "Hst'". iExists P, (n :: T), Q, false, s. by iFrame. }
    iModIntro. iExists s. by iFrame.
  Qed.

  (** A compare-exchange of a closed queue. *)
  Lemma cmpxchg_closed_spec γ q f (parked : bool) (v : val) :
    is_closable γ q -∗
    {{{ status γ f true }}} CmpXchg #q (mark parked) v
    {{{ RET (CLOSED, #false); status γ f true }}}.
  Proof.
    iIntros "#Hinv !>" (Ψ) "Hst HΨ". iInv N as ">[[Hst' _]|[#Hcl Hback]]".
    { by iDestruct (status_agree with "Hst Hst'") as %?. }
    destruct parked; wp_cmpxchg_fail; iModIntro;
      (iSplitL "Hback"; first by (iNext; iRight; iFrame)); by iApply "HΨ".
  Qed.

  (** The compare-exchange that sets the mark. If the mark is there already, it is made anew. *)
  Lemma set_mark_spec γ q k s (again : bool) Φ :
    (again = true → s = Marked) →
    is_closable γ q -∗
    {{{ open_place γ q k [] s ∗ mark_commit γ q k true Φ }}} CmpXchg #q (mark again) PARKED
    {{{ v (ok : bool), RET (v, #ok);
        (⌜ok = true⌝ ∗ open_place γ q k [] s ∗ (consumer γ q k -∗ Φ #true)) ∨
        (∃ n : loc, ⌜ok = false ∧ v = #n⌝ ∗ open_place γ q k [] s ∗
         (consumer γ q k -∗ Φ #false)) ∨
        (⌜ok = false ∧ v = PARKED ∧ again = false⌝ ∗ open_place γ q k [] Marked ∗
         mark_commit γ q k true Φ) }}}.
  Proof.
    iIntros (Hagain) "#Hinv !>". iIntros (Ψ) "[[Hst Hs] AU] HΨ".
    iInv N as ">[[Hst' (%P & %T' & %Q & %parked & %s' & Hback & Hq & Hs' & HQ & %Hs)]|[Hcl _]]";
      last by iDestruct (status_closed with "Hst Hcl") as %?.
    iDestruct (known_agree with "Hs Hs'") as %[= <- -> ->].
    destruct Q as [|n Q]; last first.
    { iDestruct (parked_nil _ _ [] with "Hq") as %Hparked.
      destruct parked; first by destruct (Hparked eq_refl).
      destruct (back_val_cons (linked_entries Q) (n, Linked) false) as [m Hm].
      assert (back_val (linked_entries (n :: Q)) false = #m) as -> by done.
      iMod (commit_mark _ _ _ [] with "AU Hq Hst") as "(Hq & Hst & HΦ)".
      rewrite bool_decide_false; last by intros [_ ?]. simpl.
      destruct again; wp_cmpxchg_fail; iModIntro;
        (iSplitL "Hst' Hback Hq Hs' HQ";
          [iNext; iLeft; iFrame "Hst'"; iExists P, [], (n :: Q), false, s;
           rewrite -Hm; by iFrame|]);
        iApply "HΨ"; iRight; iLeft; iExists m; by iFrame. }
    destruct (decide (parked = again)) as [->|Hne].
    - iMod (commit_mark _ _ _ [] with "AU Hq Hst") as "(Hq & Hst & HΦ)". simpl.
      destruct again; rewrite /back_val /=; wp_cmpxchg_suc; iModIntro;
        (iSplitL "Hst' Hback Hq Hs' HQ";
          [iNext; iLeft; iFrame "Hst'"; iExists P, [], [], true, s; iFrame; iPureIntro;
           destruct s; naive_solver|]);
        iApply "HΨ"; iLeft; by iFrame.
    - destruct again.
      { rewrite (Hagain eq_refl) /= in Hs. destruct Hs as [->|Hs]; [done|lia]. }
      destruct parked; last done. rewrite /back_val /=. wp_cmpxchg_fail.
      iMod (known_update (Private q (length P) [] [] Marked) with "Hs Hs'") as "[Hs Hs']".
      iModIntro. iSplitL "Hst' Hback Hq Hs' HQ".
      { iNext. iLeft. iFrame "Hst'". iExists P, [], [], true, Marked. iFrame. iPureIntro.
        by left. }
      iApply "HΨ". iRight. iRight. by iFrame.
  Qed.

  Lemma park_spec γ q k Φ :
    is_closable γ q -∗ consumer γ q k -∗ mark_commit γ q k true Φ -∗ WP park #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%T & %found & Hplace & (H1 & H2 & H3 & H4) & H5 & HT) AU".
    wp_lam. wp_load. destruct T as [|n T]; last first.
    { iMod (decide_held with "Hinv Hplace AU") as "[Hplace HΦ]".
      destruct (last (n :: T)) as [m|] eqn:Hlast; last by apply last_None in Hlast.
      wp_pures. iApply "HΦ". iExists (n :: T), found. rewrite /fields Hlast. by iFrame. }
    wp_pures. destruct found as [Q|].
    { iMod (commit_mark_closed with "AU Hplace") as "[(Hst & Hplace) HΦ]".
      wp_apply (cmpxchg_closed_spec γ q _ false with "Hinv Hst"). iIntros "Hst". wp_pures.
      iApply "HΦ". iExists [], (Some Q). by iFrame. }
    iDestruct "Hplace" as (s) "Hplace".
    wp_apply (set_mark_spec γ q k s false with "Hinv [$Hplace $AU]"); first done.
    iIntros (v ok) "[(-> & Hplace & HΦ)
                    |[(%n & [-> ->] & Hplace & HΦ)|((-> & -> & _) & Hplace & AU)]]"; wp_pures.
    - iApply "HΦ". iExists [], None. iFrame. by iExists _.
    - iApply "HΦ". iExists [], None. iFrame. by iExists _.
    - wp_bind (CmpXchg _ _ _).
      wp_apply (set_mark_spec γ q k Marked true with "Hinv [$Hplace $AU]"); first done.
      iIntros (v ok) "[(-> & Hplace & HΦ)|[(%n & [-> ->] & Hplace & HΦ)|((_ & _ & %) & _)]]";
        [..|done]; wp_pures; iApply "HΦ"; iExists [], None; iFrame; by iExists _.
  Qed.

  (** The compare-exchange that removes the mark. *)
  Lemma remove_mark_spec γ q k T s Φ :
    is_closable γ q -∗
    {{{ open_place γ q k T s ∗ mark_commit γ q k false Φ }}} CmpXchg #q PARKED EMPTY
    {{{ v (ok : bool), RET (v, #ok); open_place γ q k T AtRest ∗
        ((⌜ok = true⌝ ∗ (consumer γ q k -∗ Φ #true)) ∨
         (⌜ok = false ∧ v = EMPTY⌝ ∗ (consumer γ q k -∗ Φ #(bool_decide (T = [])))) ∨
         (∃ n : loc, ⌜ok = false ∧ v = #n⌝ ∗ (consumer γ q k -∗ Φ #false))) }}}.
  Proof.
    iIntros "#Hinv !>". iIntros (Ψ) "[[Hst Hs] AU] HΨ".
    iInv N as ">[[Hst' (%P & %T' & %Q & %parked & %s' & Hback & Hq & Hs' & HQ & %Hs)]|[Hcl _]]";
      last by iDestruct (status_closed with "Hst Hcl") as %?.
    iDestruct (known_agree with "Hs Hs'") as %[= <- -> ->].
    iDestruct (parked_nil with "Hq") as %Hparked.
    iMod (commit_mark with "AU Hq Hst") as "(Hq & Hst & HΦ)". simpl.
    iMod (known_update (Private q (length P) [] T AtRest) with "Hs Hs'") as "[Hs Hs']".
    destruct Q as [|n Q]; last first.
    { destruct parked; first by destruct (Hparked eq_refl).
      destruct (back_val_cons (linked_entries Q) (n, Linked) false) as [m Hm].
      assert (back_val (linked_entries (n :: Q)) false = #m) as -> by done.
      rewrite (bool_decide_false (T = [] ∧ _)); last by intros [_ ?]. wp_cmpxchg_fail. iModIntro.
      iSplitL "Hst' Hback Hq Hs' HQ".
      { iNext. iLeft. iFrame "Hst'". iExists P, T, (n :: Q), false, AtRest.
        rewrite -Hm. by iFrame. }
      iApply "HΨ". iFrame. iRight. iRight. iExists m. by iFrame. }
    rewrite (bool_decide_ext (T = [] ∧ _) (T = [])); last naive_solver.
    destruct parked; rewrite /back_val /=.
    - destruct (Hparked eq_refl) as [-> _]. wp_cmpxchg_suc. iModIntro.
      iSplitL "Hst' Hback Hq Hs' HQ".
      { iNext. iLeft. iFrame "Hst'". iExists P, [], [], false, AtRest. by iFrame. }
      iApply "HΨ". iFrame. iLeft. by iFrame.
    - wp_cmpxchg_fail. iModIntro. iSplitL "Hst' Hback Hq Hs' HQ".
      { iNext. iLeft. iFrame "Hst'". iExists P, T, [], false, AtRest. by iFrame. }
      iApply "HΨ". iFrame. iRight. iLeft. by iFrame.
  Qed.

  Lemma unpark_spec γ q k Φ :
    is_closable γ q -∗ consumer γ q k -∗ mark_commit γ q k false Φ -∗ WP unpark #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%T & %found & Hplace & (H1 & H2 & H3 & H4) & H5 & HT) AU".
    wp_lam. destruct found as [Q|].
    { iMod (commit_mark_closed with "AU Hplace") as "[(Hst & Hplace) HΦ]".
      wp_apply (cmpxchg_closed_spec γ q _ true with "Hinv Hst"). iIntros "Hst". wp_pures.
      iApply "HΦ". iExists T, (Some Q). by iFrame. }
    iDestruct "Hplace" as (s) "Hplace".
    wp_apply (remove_mark_spec with "Hinv [$Hplace $AU]").
    iIntros (v ok) "[Hplace [(-> & HΦ)|[([-> ->] & HΦ)|(%n & [-> ->] & HΦ)]]]"; wp_pures.
    - iApply "HΦ". iExists T, None. iFrame. by iExists _.
    - wp_load. destruct T as [|n T].
      + wp_pures. iApply "HΦ". iExists [], None. iFrame. by iExists _.
      + destruct (last (n :: T)) as [m|] eqn:Hlast; last by apply last_None in Hlast.
        wp_pures. iApply "HΦ". iExists (n :: T), None. rewrite /fields Hlast. iFrame.
        by iExists _.
    - iApply "HΦ". iExists T, None. iFrame. by iExists _.
  Qed.

  (** ** Close *)

  Definition close_commit γ q k Φ : iProp Σ :=
    AU << ∃∃ h k' parked closed, closable γ h k' parked closed >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ closable γ h k false true, COMM consumer γ q k -∗ Φ #() >>.

  (** The exchange. All links belong to the consumer from now on. *)
  Lemma exchange_closed_spec γ q k T s Φ :
    is_closable γ q -∗
    {{{ open_place γ q k T s ∗ close_commit γ q k Φ }}} Xchg #q CLOSED
    {{{ Q parked, RET (back_val (linked_entries Q) parked);
        closed_place γ k T Q ∗ (consumer γ q k -∗ Φ #()) }}}.
  Proof.
    iIntros "#Hinv !>". iIntros (Ψ) "[[Hst Hs] AU] HΨ".
    iInv N as ">[[Hst' (%P & %T' & %Q & %parked & %s' & Hback & Hq & Hs' & HQ & %Hs)]|[Hcl _]]";
      last by iDestruct (status_closed with "Hst Hcl") as %?.
    iDestruct (known_agree with "Hs Hs'") as %[= <- -> ->].
    iMod "AU" as (h k' parked' closed') "[(Hq' & Hst'' & _) [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    iMod (queue_view (length P) false with "Hq Hq'") as "[Hq Hq']"; [|done|].
    { rewrite app_length. lia. }
    iMod (status_close with "Hst'' Hst Hst'") as "[Hst'' Hst]".
    iDestruct (status_is_closed with "Hst") as "#Hcl".
    wp_xchg. iMod ("Hcommit" with "[$Hq' $Hst'']") as "HΦ"; first done.
    repeat iModIntro. iSplitL "Hback"; first by (iNext; iRight; iFrame).
    iApply "HΨ". iFrame "HΦ Hst HQ". iSplitL "Hs"; first by iExists _. iExists P. by iFrame.
  Qed.

  (** A queue that is closed already stays as it is. *)
  Lemma commit_close_again γ q k T Q Φ :
    close_commit γ q k Φ -∗ closed_place γ k T Q ={⊤}=∗
    closed_place γ k T Q ∗ (consumer γ q k -∗ Φ #()).
  Proof.
    iIntros "AU (Hst & $ & (%P & <- & Hq) & $)".
    iMod (fupd_mask_subseteq (⊤ ∖ ↑N)) as "Hmask"; first done.
    iMod "AU" as (h k parked closed) "[Hc [_ Hcommit]]".
    iDestruct (closable_agree with "Hq Hst Hc") as %(-> & -> & -> & ->).
    iMod ("Hcommit" with "[$Hc]") as "HΦ"; first done.
    iMod "Hmask" as "_". iModIntro. iFrame. iExists P. by iFrame.
  Qed.

  Lemma close_spec γ q k Φ :
    is_closable γ q -∗ consumer γ q k -∗ close_commit γ q k Φ -∗ WP close #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%T & %found & Hplace & Hfields & H5 & HT) AU".
    wp_lam. wp_load. destruct found as [Q|]; simpl.
    - iMod (commit_close_again with "AU Hplace") as "[Hplace HΦ]".
      destruct (last Q) as [n|] eqn:Hlast; wp_pures; iApply "HΦ"; iExists T, (Some Q);
        rewrite /= Hlast; by iFrame.
    - iDestruct "Hplace" as (s) "Hplace". wp_pures.
      wp_apply (exchange_closed_spec with "Hinv [$Hplace $AU]").
      iIntros (Q parked) "[Hplace HΦ]". wp_pures. wp_bind (if: _ then _ else _)%E.
      iApply (wp_wand _ _ _ (λ v, ⌜v = closing_val (Some Q)⌝)%I).
      { rewrite /code.is_link /is_empty /back_val /linked_entries fmap_last /=.
        destruct (last Q) as [n|]; [|destruct parked]; by wp_pures. }
      iIntros (? ->). wp_store. iApply "HΦ". iExists T, (Some Q). by iFrame.
  Qed.
End park.
