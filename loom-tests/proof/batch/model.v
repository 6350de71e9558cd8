(** The links of a batch queue, without any separation logic.

    In the order of the history there are: the entries that have been popped, the part of the
    batch that the walk has not turned round yet, the part that it has (each of these leads to the
    next newer one), and the entries that the consumer has not taken yet. *)
From mpsc_proof.shared Require Export model.
From iris.prelude Require Import options.

(** What the consumer knows of [back] in the course of a call. [AtRest]: nothing; [NotEmpty]: it has
    seen a link; [Marked]: it has seen its own mark, which only a push can have replaced. *)
Inductive stage := AtRest | NotEmpty | Marked.

Definition stage_ok (s : stage) (Q : list entry) (parked : bool) : Prop :=
  match s with
  | AtRest => True
  | NotEmpty => 1 ≤ length Q
  | Marked => parked = true ∨ 1 ≤ length Q
  end.

(** The private state of the consumer: its queue, how many links have been popped, the links that
    the walk has still to turn, those that it has turned, and what it knows of [back]. *)
Record private := Private {
  queue_at : loc;
  popped : nat;
  unturned : list loc;
  turned : list loc;
  knows : stage;
}.
Global Instance stage_inhabited : Inhabited stage := populate AtRest.

(** The link that the oldest of the following entries leads to: the newest of these. *)
Definition last_val (prev : val) (Q : list entry) : val :=
  match last Q with Some (n, _) => #n | None => prev end.

(** A form without a gap has no entries in a gap. *)
Definition all_linked (Q : list entry) : Prop := Forall (λ e, e.2 = Linked) Q.

Lemma last_val_snoc prev Q (e : entry) : last_val prev (Q ++ [e]) = #(e.1).
Proof. rewrite /last_val last_snoc. by destruct e. Qed.

Lemma last_val_link prev Q j (n : loc) w f :
  Q !! j = Some (n, InGap w f) →
  last_val prev (<[j := (n, Linked)]> Q) = last_val prev Q.
Proof.
  intros Hj. rewrite /last_val !last_lookup insert_length.
  destruct (decide (pred (length Q) = j)) as [->|].
  - rewrite list_lookup_insert; [by rewrite Hj|by eapply lookup_lt_Some].
  - by rewrite list_lookup_insert_ne.
Qed.

Lemma last_val_take prev Q j (e : entry) : Q !! j = Some e → last_val prev (take (S j) Q) = #(e.1).
Proof. intros Hj. by rewrite (take_S_r _ _ _ Hj) last_val_snoc. Qed.

Lemma stage_ok_append s Q Q' parked :
  1 ≤ length Q' → stage_ok s Q parked → stage_ok s (Q ++ Q') false.
Proof. destruct s; rewrite /= ?app_length; naive_solver lia. Qed.

Lemma stage_ok_link s Q j e parked : stage_ok s Q parked → stage_ok s (<[j := e]> Q) parked.
Proof. destruct s; by rewrite /= ?insert_length. Qed.

(** The walk turns the newest entry: the rest is placed as before. *)
Lemma well_placed_walk Q e : well_placed (Q ++ [e]) → well_placed Q.
Proof.
  destruct Q; first done. intros [He HQ]. split; [done|by apply Forall_app in HQ as [HQ _]].
Qed.

Lemma all_linked_link Q j (n : loc) : all_linked Q → all_linked (<[j := (n, Linked)]> Q).
Proof. intros HQ. by apply Forall_insert. Qed.

Lemma all_linked_entries c : all_linked (linked_entries c).
Proof. by apply Forall_fmap, Forall_true. Qed.
