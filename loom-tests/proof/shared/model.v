(** The links that are in a queue, and how far their pushes have come, without any separation
    logic. *)
From mpsc_proof.shared Require Export tags.
From iris.prelude Require Import options.

(** What the exchange of a push found in [back]: no link, or the link of the push before it. This
    decides what the push stores next, and where. *)
Inductive found := FoundTag | FoundLink.

(** A link is in the queue from the exchange on. It is in the gap until its push has made the
    store that lets the consumer go on; the share of the push's permission stays with it. *)
Inductive phase := Linked | InGap (w : found) (f : Qp).

(** A link in the queue, and how far its push has come. *)
Notation entry := (loc * phase)%type.

(** A chain that one exchange appends: the gap is before its oldest link only. *)
Definition linked_entries (c : list loc) : list entry := (λ n, (n, Linked)) <$> c.
Definition chain_entries (n : loc) (w : found) (f : Qp) (c : list loc) : list entry :=
  (n, InGap w f) :: linked_entries c.

Definition back_val (Q : list entry) (parked : bool) : val :=
  match last Q with Some (n, _) => #n | None => mark parked end.

(** Only the oldest link can be in the gap of a push that found no link; and a push that did
    find one is not the oldest: the link before it cannot leave while the gap lasts. *)
Definition behind (e : entry) : Prop := ∀ f, e.2 ≠ InGap FoundTag f.
Definition well_placed (Q : list entry) : Prop :=
  match Q with
  | [] => True
  | e :: Q' => (∀ f, e.2 ≠ InGap FoundLink f) ∧ Forall behind Q'
  end.

(** What an exchange finds. *)
Definition finding (Q : list entry) : found :=
  match Q with [] => FoundTag | _ => FoundLink end.

Lemma linked_entries_fst c : (linked_entries c).*1 = c.
Proof. rewrite /linked_entries -list_fmap_compose. apply list_fmap_id. Qed.

Lemma chain_entries_fst n w f c : (chain_entries n w f c).*1 = n :: c.
Proof. by rewrite /chain_entries fmap_cons linked_entries_fst. Qed.

Lemma linked_entries_behind c : Forall behind (linked_entries c).
Proof. apply Forall_fmap, Forall_true. by intros n f. Qed.

Lemma well_placed_append Q n f c :
  well_placed Q → well_placed (Q ++ chain_entries n (finding Q) f c).
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

Lemma found_tag_oldest Q j n f :
  well_placed Q → Q !! j = Some (n, InGap FoundTag f) → j = 0.
Proof.
  destruct Q as [|e Q]; first done. intros [_ HQ] Hj. destruct j as [|j]; first done.
  simpl in Hj. eapply Forall_lookup_1 in HQ; last done. by destruct (HQ f).
Qed.

Lemma found_link_behind Q j n f :
  well_placed Q → Q !! j = Some (n, InGap FoundLink f) →
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

Lemma last_app_ne {A} (l l' : list A) : l' ≠ [] → last (l ++ l') = last l'.
Proof. intros H. rewrite last_app. destruct (last l') eqn:E; [done|by apply last_None in E]. Qed.

Lemma back_val_append Q n w f c parked m :
  last (n :: c) = Some m → back_val (Q ++ chain_entries n w f c) parked = #m.
Proof.
  intros Hm. rewrite /back_val last_app_ne //.
  assert (last (chain_entries n w f c).*1 = Some m) as H by by rewrite chain_entries_fst.
  rewrite fmap_last in H. destruct (last (chain_entries n w f c)) as [[??]|]; by simplify_eq/=.
Qed.
