(** The links that are in a forward-linked queue, without any separation logic. *)
From mpsc_proof.shared Require Export tags.
From iris.prelude Require Import options.

(** Where a push in its gap is about to store: in [front], if it found the queue empty, or else
    in the [next] of its predecessor. *)
Inductive place := AtFront | AtPredecessor.

(** A link is in the queue from the exchange on. Until its push has stored it somewhere, it is in
    the gap, and the share of the push's permission stays with it. *)
Inductive phase := Linked | InGap (w : place) (f : Qp).

(** A link in the queue, and how far its push has come. *)
Notation entry := (loc * phase)%type.

(** A chain that one exchange appends: the gap is before its oldest link only. *)
Definition linked_entries (c : list loc) : list entry := (λ n, (n, Linked)) <$> c.
Definition chain_entries (n : loc) (w : place) (f : Qp) (c : list loc) : list entry :=
  (n, InGap w f) :: linked_entries c.

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

Definition back_val (Q : list entry) (parked : bool) : val :=
  match last Q with Some (n, _) => #n | None => mark parked end.

Definition front_val (Q : list entry) (s : stage) : val :=
  if has_cleared s then NULL else leads_to (Q !! 0).

(** Only the oldest link can be about to be stored in [front], and it cannot be about to be
    stored in a predecessor: that one is popped only after it has a successor. *)
Definition behind (e : entry) : Prop := ∀ f, e.2 ≠ InGap AtFront f.
Definition well_placed (Q : list entry) : Prop :=
  match Q with
  | [] => True
  | e :: Q' => (∀ f, e.2 ≠ InGap AtPredecessor f) ∧ Forall behind Q'
  end.

(** What an exchange finds decides where its push stores. *)
Definition place_behind (Q : list entry) : place :=
  match Q with [] => AtFront | _ => AtPredecessor end.

Lemma linked_entries_fst c : (linked_entries c).*1 = c.
Proof. rewrite /linked_entries -list_fmap_compose. apply list_fmap_id. Qed.

Lemma chain_entries_fst n w f c : (chain_entries n w f c).*1 = n :: c.
Proof. by rewrite /chain_entries fmap_cons linked_entries_fst. Qed.

Lemma linked_entries_behind c : Forall behind (linked_entries c).
Proof. apply Forall_fmap, Forall_true. by intros n f. Qed.

Lemma leads_to_linked c j : leads_to (linked_entries c !! j) = link_val (c !! j).
Proof. rewrite /linked_entries list_lookup_fmap. by destruct (c !! j). Qed.

Lemma well_placed_append Q n f c :
  well_placed Q → well_placed (Q ++ chain_entries n (place_behind Q) f c).
Proof.
  destruct Q as [|e Q]; simpl.
  - intros _. split; [done|apply linked_entries_behind].
  - intros [He HQ]. split; first done. apply Forall_app. split; first done.
    apply Forall_cons. split; [by intros ?|apply linked_entries_behind].
Qed.

(** A push ends its gap. *)
Lemma well_placed_link Q j n : well_placed Q → well_placed (<[j := (n, Linked)]> Q).
Proof.
  destruct Q as [|e Q]; first done. intros [He HQ]. destruct j as [|j]; simpl.
  - split; [done|exact HQ].
  - split; first done. apply Forall_insert; [done|by intros ?].
Qed.

(** A pop: the next entry is linked, because its link is known. *)
Lemma well_placed_pop e n Q : well_placed (e :: (n, Linked) :: Q) → well_placed ((n, Linked) :: Q).
Proof. intros [_ [_ HQ]%Forall_cons]. by split. Qed.

Lemma front_is_oldest Q j n f :
  well_placed Q → Q !! j = Some (n, InGap AtFront f) → j = 0.
Proof.
  destruct Q as [|e Q]; first done. intros [_ HQ] Hj. destruct j as [|j]; first done.
  simpl in Hj. eapply Forall_lookup_1 in HQ; last done. by destruct (HQ f).
Qed.

Lemma predecessor_exists Q j n f :
  well_placed Q → Q !! j = Some (n, InGap AtPredecessor f) →
  ∃ j' e, j = S j' ∧ Q !! j' = Some e.
Proof.
  destruct Q as [|e Q]; first done. intros [He _] Hj. destruct j as [|j].
  - simpl in Hj. simplify_eq. by destruct (He f).
  - destruct (lookup_lt_is_Some_2 (e :: Q) j) as [e' He'].
    { apply lookup_lt_Some in Hj. simpl in *. lia. }
    by exists j, e'.
Qed.

Lemma back_val_link Q j n w f parked :
  Q !! j = Some (n, InGap w f) →
  back_val (<[j := (n, Linked)]> Q) parked = back_val Q parked.
Proof.
  intros Hj. rewrite /back_val !last_lookup insert_length.
  destruct (decide (pred (length Q) = j)) as [->|].
  - rewrite list_lookup_insert; [by rewrite Hj|by eapply lookup_lt_Some].
  - by rewrite list_lookup_insert_ne.
Qed.

Lemma back_val_cons Q e parked : ∃ n : loc, back_val (e :: Q) parked = #n.
Proof.
  rewrite /back_val. destruct (last (e :: Q)) as [[n ?]|] eqn:H; first by exists n.
  by apply last_None in H.
Qed.

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
  stage_ok s Q parked → Q !! 0 = Some (n, InGap AtFront f) → has_cleared s = false.
Proof. destruct s; simpl; naive_solver. Qed.

Lemma front_val_append Q n w f c s :
  front_val (Q ++ chain_entries n w f c) s = front_val Q s.
Proof. by destruct Q, s. Qed.

Lemma last_app_ne {A} (l l' : list A) : l' ≠ [] → last (l ++ l') = last l'.
Proof. intros H. rewrite last_app. destruct (last l') eqn:E; [done|by apply last_None in E]. Qed.

Lemma back_val_append Q n w f c parked m :
  last (n :: c) = Some m → back_val (Q ++ chain_entries n w f c) parked = #m.
Proof.
  intros Hm. rewrite /back_val last_app_ne //.
  assert (last (chain_entries n w f c).*1 = Some m) as H by by rewrite chain_entries_fst.
  rewrite fmap_last in H. destruct (last (chain_entries n w f c)) as [[??]|]; by simplify_eq/=.
Qed.
