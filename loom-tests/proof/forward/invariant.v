(** The invariant of the forward-linked form, and the lemmas on its parts. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export decide.
From mpsc_proof.forward Require Export code model.
From iris.prelude Require Import options.

Class forwardG Σ := ForwardG {
  forward_queueG :> queueG Σ;
  forward_stageG :> ghost_varG Σ (nat * stage);
  forward_entriesG :> ghost_mapG Σ nat entry;
}.
Definition forwardΣ : gFunctors :=
  #[queueΣ; ghost_varΣ (nat * stage); ghost_mapΣ nat entry].
Global Instance subG_forwardΣ {Σ} : subG forwardΣ Σ → forwardG Σ.
Proof. solve_inG. Qed.

Section invariant.
  Context `{!heapGS Σ, !forwardG Σ} (N : namespace).
  Implicit Types (Q P : list entry) (e : entry) (γ : queue_name) (q n m : loc) (i j k : nat)
    (D : nat → iProp Σ) (s : stage).

  (** How many links have been popped, and what the consumer knows. The consumer has the larger
      share, so there is one consumer; the rest is in the invariant. *)
  Definition progress γ k s : iProp Σ := ghost_var γ.(consumer_name) (3/4) (k, s).
  Definition progress_inv γ k s : iProp Σ := ghost_var γ.(consumer_name) (1/4) (k, s).

  (** The consumer's place, between two calls. *)
  Definition consumer γ k : iProp Σ := ∃ s, ⌜has_cleared s = false⌝ ∗ progress γ k s.

  (** Each entry owns the [next] of its link, which leads to the entry after it once the push of
      that one has stored it. *)
  Definition links Q : iProp Σ := [∗ list] j ↦ e ∈ Q, e.1 ↦ leads_to (Q !! S j).

  (** [P] are the entries that have been popped, [Q] those that are in the queue. *)
  Definition forward_inv γ q D : iProp Σ :=
    ∃ P Q parked s,
      q ↦ back_val Q parked ∗ (q +ₗ 1) ↦ front_val Q s ∗
      queue γ (P ++ Q).*1 (length P) parked ∗ progress_inv γ (length P) s ∗
      ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ Q)) ∗
      links Q ∗ evidences γ (length P) Q ∗ deposits D (length P) Q ∗
      ⌜Forall (λ e, e.2 = Linked) P⌝ ∗ ⌜well_placed Q⌝ ∗ ⌜stage_ok s Q parked⌝.

  Definition is_queue γ q D : iProp Σ := inv N (forward_inv γ q D).

  Lemma consumer_unique γ k k' : consumer γ k -∗ consumer γ k' -∗ False.
  Proof.
    iIntros "(%s & _ & H) (%s' & _ & H')".
    by iDestruct (ghost_var_valid_2 with "H H'") as %[? _].
  Qed.

  Lemma progress_agree γ k s k' s' :
    progress γ k s -∗ progress_inv γ k' s' -∗ ⌜k' = k ∧ s' = s⌝.
  Proof. iIntros "H H'". by iDestruct (ghost_var_agree with "H H'") as %[= -> ->]. Qed.

  Lemma progress_update k2 s2 γ k s k' s' :
    progress γ k s -∗ progress_inv γ k' s' ==∗ progress γ k2 s2 ∗ progress_inv γ k2 s2.
  Proof. iApply ghost_var_update_2. by rewrite Qp.three_quarter_quarter. Qed.

  (** ** Links *)

  Lemma links_cons e Q : links (e :: Q) ⊣⊢ e.1 ↦ leads_to (Q !! 0) ∗ links Q.
  Proof. done. Qed.

  Lemma links_linked c : own_chain c -∗ links (linked_entries c).
  Proof.
    iIntros "H". rewrite /links /linked_entries big_sepL_fmap. iApply (big_sepL_impl with "H").
    iIntros "!>" (j n _) "H /=". by rewrite leads_to_linked.
  Qed.

  (** The exchange: nothing leads to the chain yet, so nothing is written. *)
  Lemma links_append Q n w f c :
    links Q -∗ own_chain (n :: c) -∗ links (Q ++ chain_entries n w f c).
  Proof.
    iIntros "HQ Hc". iInduction Q as [|e Q] "IH"; simpl.
    - iDestruct (own_chain_cons with "Hc") as "[Hn Hc]". rewrite links_cons leads_to_linked.
      iFrame "Hn". by iApply links_linked.
    - rewrite !links_cons. iDestruct "HQ" as "[He HQ]".
      iSplitL "He"; last by iApply ("IH" with "HQ Hc").
      by destruct Q.
  Qed.

  (** The store of a link in its predecessor. *)
  Lemma links_store Q j p n w f :
    Q !! j = Some p → Q !! S j = Some (n, InGap w f) →
    links Q -∗ p.1 ↦ NULL ∗ (p.1 ↦ #n -∗ links (<[S j := (n, Linked)]> Q)).
  Proof.
    iIntros (Hp Hn) "HQ". iInduction j as [|j] "IH" forall (Q Hp Hn).
    - destruct Q as [|? [|? Q]]; simplify_eq/=. rewrite !links_cons /=.
      iDestruct "HQ" as "[$ $]". by iIntros.
    - destruct Q as [|e Q]; simplify_eq/=. rewrite !links_cons.
      iDestruct "HQ" as "[He HQ]".
      iDestruct ("IH" with "[//] [//] HQ") as "[$ HQ]".
      iIntros "Hp". iSplitL "He"; last by iApply "HQ". by destruct Q.
  Qed.

  (** The store of the oldest link in [front] changes no [next]. *)
  Lemma links_front Q n w f :
    Q !! 0 = Some (n, InGap w f) → links Q -∗ links (<[0 := (n, Linked)]> Q).
  Proof. iIntros (Hn) "HQ". destruct Q; simplify_eq/=. by rewrite !links_cons. Qed.

  (** The oldest link is in the queue once. *)
  Lemma links_distinct e Q j n ph :
    Q !! j = Some (n, ph) → links (e :: Q) -∗ ⌜e.1 ≠ n⌝.
  Proof.
    iIntros (Hj) "[He HQ]".
    iDestruct (big_sepL_lookup with "HQ") as "Hn"; first done.
    by iApply (mapsto_ne with "He Hn").
  Qed.
End invariant.
