(** The links that are in a forward-linked queue, without any separation logic. *)
From mpsc_proof.shared Require Export model.
From iris.prelude Require Import options.

(** The content of the cell that leads to this entry, if there is one. *)
Definition leads_to (o : option entry) : val :=
  match o with Some (n, Linked) => #n | _ => NULL end.

(** What the consumer knows in the course of a pop or park.
    [AtRest]: nothing; [NotEmpty]: it has seen a link in [back]; [Cleared]: it has set [front] to
    null, and the oldest entry is linked; [NotLast]: the same, and there is a second entry;
    [Marked]: it has seen its own mark in [back], which only a push can have replaced. *)
Inductive stage := AtRest | NotEmpty | Cleared | NotLast | Marked.

Global Instance stage_inhabited : Inhabited stage := populate AtRest.

Definition has_cleared (s : stage) : bool :=
  match s with Cleared | NotLast => true | _ => false end.

Definition stage_ok (s : stage) (Q : list entry) (parked : bool) : Prop :=
  match s with
  | AtRest => True
  | NotEmpty => 1 ≤ length Q
  | Cleared => ∃ n, Q !! 0 = Some (n, Linked)
  | NotLast => (∃ n, Q !! 0 = Some (n, Linked)) ∧ 2 ≤ length Q
  | Marked => parked = true ∨ 1 ≤ length Q
  end.

Definition front_val (Q : list entry) (s : stage) : val :=
  if has_cleared s then NULL else leads_to (Q !! 0).

Lemma leads_to_linked c j : leads_to (linked_entries c !! j) = link_val (c !! j).
Proof. rewrite /linked_entries list_lookup_fmap. by destruct (c !! j). Qed.

(** A pop: the next entry is linked, because its link is known. *)
Lemma well_placed_pop e n Q : well_placed (e :: (n, Linked) :: Q) → well_placed ((n, Linked) :: Q).
Proof. intros [_ [_ HQ]%Forall_cons]. by split. Qed.

Lemma stage_ok_append s Q Q' parked :
  1 ≤ length Q' → stage_ok s Q parked → stage_ok s (Q ++ Q') false.
Proof.
  intros HQ'. assert (∀ n : loc, Q !! 0 = Some (n, Linked) → (Q ++ Q') !! 0 = Some (n, Linked)).
  { intros n. by apply lookup_app_l_Some. }
  destruct s; rewrite /= ?app_length; naive_solver lia.
Qed.

Lemma stage_ok_link s Q j n e parked :
  Q !! j = Some e → stage_ok s Q parked → stage_ok s (<[j := (n, Linked)]> Q) parked.
Proof.
  intros Hj. assert (∀ m : loc, Q !! 0 = Some (m, Linked) →
    ∃ m : loc, <[j := (n, Linked)]> Q !! 0 = Some (m, Linked)).
  { intros m Hm. destruct j; [|exists m; by rewrite list_lookup_insert_ne].
    exists n. apply list_lookup_insert. by eapply lookup_lt_Some. }
  destruct s; rewrite /= ?insert_length; naive_solver.
Qed.

(** A stage that needs a linked oldest entry excludes a push that is about to write [front]. *)
Lemma stage_front s Q n f parked :
  stage_ok s Q parked → Q !! 0 = Some (n, InGap FoundTag f) → has_cleared s = false.
Proof. destruct s; simpl; naive_solver. Qed.

Lemma front_val_append Q n w f c s :
  front_val (Q ++ chain_entries n w f c) s = front_val Q s.
Proof. by destruct Q, s. Qed.

