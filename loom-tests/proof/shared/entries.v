(** The ghost state of the links that are in a queue: what each push, the consumer and the
    invariant own of it. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export spec model.
From iris.prelude Require Import options.

Section entries.
  Context `{!heapGS Σ, !queueG Σ, !ghost_mapG Σ nat entry}.
  Implicit Types (Q P : list entry) (e : entry) (γ : queue_name) (n p : loc) (i j k : nat)
    (D : nat → iProp Σ) (c : list loc).

  (** The push number [i] is in its gap. It alone owns this, and so it alone ends the gap. *)
  Definition in_gap γ i n w f : iProp Σ := i ↪[γ.(entries_name)] (n, InGap w f).

  (** The push number [i] has ended its gap. True for ever. *)
  Definition linked γ i n : iProp Σ := i ↪[γ.(entries_name)]□ (n, Linked).

  (** A push in its gap has left its share of the permission to push with its entry. *)
  Definition evidence γ i e : iProp Σ :=
    match e.2 with Linked => linked γ i e.1 | InGap _ f => producer γ f end.
  Definition evidences γ k Q : iProp Σ := [∗ list] j ↦ e ∈ Q, evidence γ (k + j) e.

  (** What the pushes have deposited for the consumer. *)
  Definition deposits D k Q : iProp Σ :=
    [∗ list] j ↦ e ∈ Q, if e.2 is Linked then D (k + j) else True.

  Global Instance evidence_timeless γ i e : Timeless (evidence γ i e).
  Proof. destruct e as [? []]; apply _. Qed.

  (** ** Evidence *)

  Lemma evidences_cons γ k e Q :
    evidences γ k (e :: Q) ⊣⊢ evidence γ k e ∗ evidences γ (S k) Q.
  Proof.
    rewrite /evidences big_sepL_cons Nat.add_0_r. f_equiv. apply big_sepL_proper.
    intros j e' _. by rewrite Nat.add_succ_r.
  Qed.

  Lemma evidences_append γ k Q Q' :
    evidences γ k (Q ++ Q') ⊣⊢ evidences γ k Q ∗ evidences γ (k + length Q) Q'.
  Proof.
    rewrite /evidences big_sepL_app. f_equiv. apply big_sepL_proper.
    intros j e _. by rewrite Nat.add_assoc.
  Qed.

  (** A push that ends its gap leaves the knowledge that it is linked, and gets its share of the
      permission back. *)
  Lemma evidences_link γ k Q j n w f :
    Q !! j = Some (n, InGap w f) →
    evidences γ k Q -∗ linked γ (k + j) n -∗
    producer γ f ∗ evidences γ k (<[j := (n, Linked)]> Q).
  Proof.
    iIntros (Hj) "HQ Hn". iDestruct (big_sepL_insert_acc with "HQ") as "[Hp HQ]"; first done.
    iFrame "Hp". by iApply "HQ".
  Qed.

  Lemma evidences_linked γ k Q j n :
    Q !! j = Some (n, Linked) → evidences γ k Q -∗ linked γ (k + j) n.
  Proof. iIntros (Hj) "HQ". by iDestruct (big_sepL_lookup with "HQ") as "H". Qed.

  (** If no push is in flight, every link is linked. *)
  Lemma evidences_quiet γ k Q j n ph :
    Q !! j = Some (n, ph) → producer γ 1 -∗ evidences γ k Q -∗ ⌜ph = Linked⌝.
  Proof.
    iIntros (Hj) "Hp HQ". iDestruct (big_sepL_lookup with "HQ") as "H"; first done.
    destruct ph as [|w f]; first done.
    by iDestruct (producer_whole with "Hp H") as %[].
  Qed.

  (** ** Deposits *)

  Lemma deposits_cons D k e Q :
    deposits D k (e :: Q) ⊣⊢ (if e.2 is Linked then D k else True) ∗ deposits D (S k) Q.
  Proof.
    rewrite /deposits big_sepL_cons Nat.add_0_r. apply bi.sep_proper; first done.
    apply big_sepL_proper.
    intros j e' _. by rewrite Nat.add_succ_r.
  Qed.

  Lemma deposits_append D k Q Q' :
    deposits D k (Q ++ Q') ⊣⊢ deposits D k Q ∗ deposits D (k + length Q) Q'.
  Proof.
    rewrite /deposits big_sepL_app. f_equiv. apply big_sepL_proper.
    intros j e _. by rewrite Nat.add_assoc.
  Qed.

  (** The exchange: all links of the chain but the oldest are linked at once. *)
  Lemma deposits_chain D k n w f c :
    ([∗ list] j ↦ _ ∈ c, D (S (k + j))) -∗ deposits D k (chain_entries n w f c).
  Proof.
    iIntros "H". rewrite deposits_cons /=. iSplit; first done.
    rewrite /deposits /linked_entries big_sepL_fmap. iApply (big_sepL_impl with "H").
    by iIntros "!>" (j m _) "H".
  Qed.

  Lemma deposits_link D k Q j n w f :
    Q !! j = Some (n, InGap w f) →
    deposits D k Q -∗ D (k + j) -∗ deposits D k (<[j := (n, Linked)]> Q).
  Proof.
    iIntros (Hj) "HQ Hn". iDestruct (big_sepL_insert_acc with "HQ") as "[_ HQ]"; first done.
    by iApply "HQ".
  Qed.

  (** ** Entries *)

  (** A push in its gap is in the queue, since only linked entries are popped. *)
  Lemma in_gap_present γ P Q i n w f :
    Forall (λ e, e.2 = Linked) P →
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ Q)) -∗ in_gap γ i n w f -∗
    ∃ j, ⌜i = (length P + j)%nat⌝ ∗ ⌜Q !! j = Some (n, InGap w f)⌝.
  Proof.
    iIntros (HP) "HM Hi". iDestruct (ghost_map_lookup with "HM Hi") as %Hi. iPureIntro.
    rewrite lookup_map_seq_0 in Hi. apply lookup_app_Some in Hi as [Hi|[Hle Hi]].
    - pose proof (Forall_lookup_1 _ _ _ _ HP Hi) as Hl. by simpl in Hl.
    - exists (i - length P). split; [lia|done].
  Qed.

  Lemma linked_present γ P Q j n :
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ Q)) -∗ linked γ (length P + j) n -∗
    ⌜Q !! j = Some (n, Linked)⌝.
  Proof.
    iIntros "HM Hi". iDestruct (ghost_map_lookup with "HM Hi") as %Hi. iPureIntro.
    rewrite lookup_map_seq_0 lookup_app_r in Hi; last lia.
    by replace (length P + j - length P) with j in Hi by lia.
  Qed.

  Lemma oldest_present γ P Q n :
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ Q)) -∗ linked γ (length P) n -∗
    ⌜Q !! 0 = Some (n, Linked)⌝.
  Proof.
    iIntros "HM Hi". iApply (linked_present with "HM"). by rewrite Nat.add_0_r.
  Qed.

  Lemma entries_snoc γ E e :
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 E) ==∗
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (E ++ [e])) ∗ length E ↪[γ.(entries_name)] e.
  Proof.
    iIntros "HM".
    iMod (ghost_map_insert (length E) e with "HM") as "[HM $]".
    { rewrite lookup_map_seq_0. by apply lookup_ge_None_2. }
    by rewrite map_seq_snoc.
  Qed.

  Lemma entries_append_linked γ E c :
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 E) ==∗
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (E ++ linked_entries c)) ∗
    evidences γ (length E) (linked_entries c).
  Proof.
    iIntros "HM". iInduction c as [|n c] "IH" forall (E).
    { rewrite /linked_entries /= app_nil_r /evidences /=. by iFrame. }
    iMod (entries_snoc _ _ (n, Linked) with "HM") as "[HM Hn]".
    iMod (ghost_map_elem_persist with "Hn") as "Hn".
    iMod ("IH" with "HM") as "[HM Hc]".
    rewrite -(assoc_L (++)) (app_length E [_]) /= Nat.add_1_r.
    rewrite evidences_cons /evidence /=. by iFrame "∗#".
  Qed.

  (** The exchange: the chain's entries are new, and the push owns the oldest one. *)
  Lemma entries_append γ E n w f c :
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 E) -∗ producer γ f ==∗
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (E ++ chain_entries n w f c)) ∗
    evidences γ (length E) (chain_entries n w f c) ∗ in_gap γ (length E) n w f.
  Proof.
    iIntros "HM Hp". iMod (entries_snoc _ _ (n, InGap w f) with "HM") as "[HM $]".
    iMod (entries_append_linked with "HM") as "[HM Hc]".
    rewrite -(assoc_L (++)) (app_length E [_]) /= Nat.add_1_r.
    rewrite evidences_cons /evidence /=. by iFrame "∗#".
  Qed.

  Lemma entries_link γ P Q j n w f :
    Q !! j = Some (n, InGap w f) →
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ Q)) -∗
    in_gap γ (length P + j) n w f ==∗
    ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ <[j := (n, Linked)]> Q)) ∗
    linked γ (length P + j) n.
  Proof.
    iIntros (Hj) "HM Hi".
    iMod (ghost_map_update (n, Linked) with "HM Hi") as "[HM Hi]".
    iMod (ghost_map_elem_persist with "Hi") as "$".
    rewrite -insert_app_r. iModIntro. iApply (bi.equiv_entails_1_2 with "HM").
    f_equiv. apply map_eq. intros i. rewrite lookup_map_seq_0.
    destruct (decide (i = length P + j)) as [->|Hi].
    - rewrite lookup_insert list_lookup_insert //.
      rewrite app_length. apply lookup_lt_Some in Hj. lia.
    - by rewrite lookup_insert_ne // list_lookup_insert_ne // lookup_map_seq_0.
  Qed.

  (** The history does not change when a push ends its gap. *)
  Lemma history_link P Q j n w f :
    Q !! j = Some (n, InGap w f) →
    (P ++ <[j := (n, Linked)]> Q).*1 = (P ++ Q).*1.
  Proof.
    intros Hj. rewrite !fmap_app list_fmap_insert /=. f_equal.
    apply list_insert_id. by rewrite list_lookup_fmap Hj.
  Qed.
  (** A parked queue is empty. *)
  Lemma parked_empty γ P Q parked :
    queue γ (P ++ Q).*1 (length P) parked -∗ ⌜parked = true → Q = []⌝.
  Proof.
    iIntros "Hq". iDestruct (queue_bounds with "Hq") as %[_ H]. iPureIntro.
    intros Hparked. specialize (H Hparked). rewrite fmap_length app_length in H.
    apply nil_length_inv. lia.
  Qed.

  (** What the exchange of push number [i] returns. *)
  Definition exchanged γ (prev : val) i (w : found) (parked : bool) : iProp Σ :=
    match w with
    | FoundTag => ⌜prev = mark parked⌝
    | FoundLink => ∃ i' p, ⌜i = S i' ∧ prev = #p ∧ parked = false⌝ ∗ pushed γ i' p
    end%I.

  Global Instance exchanged_persistent γ prev i w parked : Persistent (exchanged γ prev i w parked).
  Proof. destruct w; apply _. Qed.

  Lemma exchanged_back γ P Q k parked parked' :
    (parked = true → Q = []) →
    queue γ (P ++ Q).*1 k parked' -∗
    exchanged γ (back_val Q parked) (length (P ++ Q)) (finding Q) parked.
  Proof.
    iIntros (Hparked) "Hq". destruct Q as [|e Q]; first done. simpl.
    destruct (back_val_cons Q e parked) as [p Hp].
    destruct parked; first by specialize (Hparked eq_refl).
    rewrite Hp. iExists (length P + length Q), p. iSplit.
    { iPureIntro. split_and!; [rewrite app_length /=; lia|done..]. }
    iApply (queue_pushed with "Hq").
    rewrite list_lookup_fmap lookup_app_r; last lia.
    replace (length P + length Q - length P) with (length Q) by lia.
    move: Hp. rewrite /back_val last_lookup /=.
    destruct ((e :: Q) !! length Q) as [[??]|]; naive_solver.
  Qed.
End entries.
