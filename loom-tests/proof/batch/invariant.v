(** The invariant of the forms whose pushes write their own link, and the lemmas on its parts. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export decide.
From mpsc_proof.batch Require Export code model.
From iris.prelude Require Import options.

Class batchG Σ := BatchG {
  batch_queueG :> queueG Σ;
  batch_privateG :> ghost_varG Σ private;
  batch_entriesG :> ghost_mapG Σ nat entry;
}.
Definition batchΣ : gFunctors := #[queueΣ; ghost_varΣ private; ghost_mapΣ nat entry].
Global Instance subG_batchΣ {Σ} : subG batchΣ Σ → batchG Σ.
Proof. solve_inG. Qed.

(** Each entry owns the [next] of its link, which leads to the entry before it ([prev], for the
    first one), or to nothing while its push is in the gap. *)
Fixpoint own_links `{!heapGS Σ} (prev : val) (Q : list entry) : iProp Σ :=
  match Q with
  | [] => True
  | (n, ph) :: Q => n ↦ (if ph is Linked then prev else NULL) ∗ own_links #n Q
  end.

Section invariant.
  Context `{!heapGS Σ, !batchG Σ} (N : namespace) (gap : bool).
  Implicit Types (Q P U : list entry) (T c : list loc) (e : entry) (γ : queue_name)
    (q n m : loc) (i j k : nat) (D : nat → iProp Σ) (s : stage) (x : private).

  (** The consumer has the larger share of its private state, so there is one consumer. *)
  Definition progress γ x : iProp Σ := ghost_var γ.(consumer_name) (3/4) x.
  Definition progress_inv γ x : iProp Σ := ghost_var γ.(consumer_name) (1/4) x.

  (** The fields of the batch. They belong to the consumer alone, as do the links that the walk
      has turned round. *)
  Definition ready_val (U T : list loc) : val :=
    match U with [] => link_val (T !! 0) | _ => NULL end.
  Definition walk_turned_val (U T : list loc) : val :=
    match U with [] => NULL | _ => link_val (T !! 0) end.
  Definition fields q (U T : list loc) : iProp Σ :=
    (q +ₗ 1) ↦ ready_val U T ∗ (q +ₗ 2) ↦ link_val (last U) ∗
    (q +ₗ 3) ↦ walk_turned_val U T ∗ (q +ₗ 4) ↦ link_val (last (U ++ T)).

  (** The consumer's place, between two calls. *)
  Definition consumer γ k : iProp Σ :=
    ∃ q (U : list loc) T s, progress γ (Private q k U T s) ∗ fields q U T ∗ own_chain T.

  (** [P] are the entries that have been popped, [U] those that the walk has not turned yet, [T]
      the links that it has turned, [Q] the entries that [back] leads to. *)
  Definition batch_inv γ q D : iProp Σ :=
    ∃ P U T Q parked s,
      q ↦ back_val Q parked ∗
      queue γ (P ++ U ++ linked_entries T ++ Q).*1 (length P) parked ∗
      progress_inv γ (Private q (length P) U.*1 T s) ∗
      ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ U ++ linked_entries T ++ Q)) ∗
      own_links BOTTOM U ∗ own_links BOTTOM Q ∗
      evidences γ (length P) (U ++ linked_entries T ++ Q) ∗
      deposits (deposit gap D) (length P) (U ++ linked_entries T ++ Q) ∗
      ⌜all_linked P⌝ ∗ ⌜well_placed U⌝ ∗ ⌜well_placed Q⌝ ∗ ⌜stage_ok s Q parked⌝ ∗
      ⌜gap = false → all_linked U ∧ all_linked Q⌝.

  Definition is_queue γ q D : iProp Σ := inv N (batch_inv γ q D).

  Lemma consumer_unique γ k k' : consumer γ k -∗ consumer γ k' -∗ False.
  Proof.
    iIntros "(% & % & % & % & H & _) (% & % & % & % & H' & _)".
    by iDestruct (ghost_var_valid_2 with "H H'") as %[? _].
  Qed.

  Lemma progress_agree γ x x' : progress γ x -∗ progress_inv γ x' -∗ ⌜x' = x⌝.
  Proof. iIntros "H H'". by iDestruct (ghost_var_agree with "H H'") as %->. Qed.

  Lemma progress_update x2 γ x x' :
    progress γ x -∗ progress_inv γ x' ==∗ progress γ x2 ∗ progress_inv γ x2.
  Proof. iApply ghost_var_update_2. by rewrite Qp.three_quarter_quarter. Qed.

  (** ** Links *)

  Global Instance own_links_timeless prev Q : Timeless (own_links prev Q).
  Proof. revert prev. induction Q as [|[n ph] Q IH]; apply _. Qed.

  Lemma own_links_app prev Q Q' :
    own_links prev (Q ++ Q') ⊣⊢ own_links prev Q ∗ own_links (last_val prev Q) Q'.
  Proof.
    revert prev. induction Q as [|[n ph] Q IH]; intros prev; simpl.
    { by rewrite left_id. }
    rewrite IH assoc. do 2 f_equiv. rewrite /last_val.
    destruct Q as [|e Q] using rev_ind; first done. by rewrite last_snoc app_comm_cons last_snoc.
  Qed.

  (** The store of an own link. *)
  Lemma own_links_store prev Q j n w f :
    Q !! j = Some (n, InGap w f) →
    own_links prev Q -∗
    n ↦ NULL ∗
    (n ↦ last_val prev (take j Q) -∗ own_links prev (<[j := (n, Linked)]> Q)).
  Proof.
    iIntros (Hj) "HQ".
    rewrite insert_take_drop; last by eapply lookup_lt_Some.
    rewrite -{1}(take_drop_middle _ _ _ Hj) !own_links_app /=.
    iDestruct "HQ" as "($ & $ & $)". by iIntros.
  Qed.

  (** The value of an own link is known from what the exchange found. *)
  Lemma last_val_found Q j n w f :
    well_placed Q → Q !! j = Some (n, InGap w f) →
    match w with
    | FoundTag => last_val BOTTOM (take j Q) = BOTTOM
    | FoundLink => ∃ j' e, j = S j' ∧ Q !! j' = Some e ∧ last_val BOTTOM (take j Q) = #(e.1)
    end.
  Proof.
    intros HQ Hj. destruct w.
    - by rewrite (found_tag_oldest _ _ _ _ HQ Hj).
    - destruct (found_link_behind _ _ _ _ HQ Hj) as (j' & e & -> & He).
      exists j', e. split_and!; try done. by apply last_val_take.
  Qed.

  (** ** A chain that is turned round *)

  Lemma own_links_distinct n c m v prev :
    last c = Some m → n ↦ v -∗ own_links prev (linked_entries c) -∗ ⌜n ≠ m⌝.
  Proof.
    iIntros (Hm) "Hn Hc". iInduction c as [|x c] "IH" forall (prev Hm); first done. simpl.
    iDestruct "Hc" as "[Hx Hc]". destruct c as [|y c].
    - simplify_eq/=. by iApply (mapsto_ne with "Hn Hx").
    - by iApply ("IH" with "[//] Hn Hc").
  Qed.

  Lemma own_chain_distinct n c m v :
    last c = Some m → n ↦ v -∗ own_chain c -∗ ⌜n ≠ m⌝.
  Proof.
    iIntros (Hm) "Hn Hc". rewrite last_lookup in Hm.
    iDestruct (big_sepL_lookup with "Hc") as "Hm"; first done.
    by iApply (mapsto_ne with "Hn Hm").
  Qed.

  Lemma reverse_links_spec n c m (before : val) :
    last (n :: c) = Some m →
    {{{ own_chain (n :: c) }}} reverse_links before #n #m
    {{{ RET #(); own_links before (linked_entries (n :: c)) }}}.
  Proof.
    iIntros (Hm Φ) "Hc HΦ". iInduction c as [|x c] "IH" forall (n before Hm).
    - injection Hm as ->. rewrite own_chain_single. wp_lam. wp_pures. wp_load. wp_store.
      wp_pures. rewrite bool_decide_true //. wp_pures. iApply "HΦ". by iFrame.
    - iDestruct (own_chain_cons with "Hc") as "[Hn Hc]". rewrite last_cons_cons in Hm.
      iDestruct (own_chain_distinct with "Hn Hc") as %Hne; first done.
      wp_lam. wp_pures. wp_load. wp_store. wp_pures.
      rewrite bool_decide_false; last congruence. wp_pures.
      iApply ("IH" with "[//] Hc").
      iIntros "!> Hc". iApply "HΦ". by iFrame.
  Qed.

  (** [newest_first]: the oldest link leads nowhere now, the others to the next older one. *)
  Lemma newest_first_spec n c m :
    last (n :: c) = Some m →
    {{{ own_chain (n :: c) }}} newest_first #n #m
    {{{ RET #(); n ↦ NULL ∗ own_links #n (linked_entries c) }}}.
  Proof.
    iIntros (Hm Φ) "Hc HΦ". wp_lam. wp_pures. case_bool_decide as Heq; wp_pures.
    - assert (n = m) as -> by congruence. destruct c as [|x c].
      + rewrite own_chain_single. iApply "HΦ". by iFrame.
      + iDestruct (own_chain_cons with "Hc") as "[Hn Hc]". rewrite last_cons_cons in Hm.
        by iDestruct (own_chain_distinct with "Hn Hc") as %Hne.
    - wp_apply (reverse_links_spec with "Hc"); first done. iIntros "[Hn Hc]".
      iApply "HΦ". by iFrame.
  Qed.
End invariant.
