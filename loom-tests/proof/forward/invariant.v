(** The invariant of the forward-linked form, and the lemmas on its parts. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export spec.
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

  (** The push number [i] is in its gap. It alone owns this, and so it alone ends the gap. *)
  Definition in_gap γ i n w f : iProp Σ := i ↪[γ.(entries_name)] (n, InGap w f).

  (** The push number [i] has ended its gap. True for ever. *)
  Definition linked γ i n : iProp Σ := i ↪[γ.(entries_name)]□ (n, Linked).

  (** Each entry owns the [next] of its link, which leads to the entry after it once the push of
      that one has stored it. *)
  Definition links Q : iProp Σ := [∗ list] j ↦ e ∈ Q, e.1 ↦ leads_to (Q !! S j).

  (** A push in its gap has left its share of the permission to push with its entry. *)
  Definition evidence γ i e : iProp Σ :=
    match e.2 with Linked => linked γ i e.1 | InGap _ f => producer γ f end.
  Definition evidences γ k Q : iProp Σ := [∗ list] j ↦ e ∈ Q, evidence γ (k + j) e.

  (** What the pushes have deposited for the consumer. *)
  Definition deposits D k Q : iProp Σ :=
    [∗ list] j ↦ e ∈ Q, if e.2 is Linked then D (k + j) else True.

  (** [P] are the entries that have been popped, [Q] those that are in the queue. *)
  Definition forward_inv γ q D : iProp Σ :=
    ∃ P Q parked s,
      q ↦ back_val Q parked ∗ (q +ₗ 1) ↦ front_val Q s ∗
      queue γ (P ++ Q).*1 (length P) parked ∗ progress_inv γ (length P) s ∗
      ghost_map_auth γ.(entries_name) 1 (map_seq 0 (P ++ Q)) ∗
      links Q ∗ evidences γ (length P) Q ∗ deposits D (length P) Q ∗
      ⌜Forall (λ e, e.2 = Linked) P⌝ ∗ ⌜well_placed Q⌝ ∗ ⌜stage_ok s Q parked⌝.

  Definition is_queue γ q D : iProp Σ := inv N (forward_inv γ q D).

  Global Instance evidence_timeless γ i e : Timeless (evidence γ i e).
  Proof. destruct e as [? []]; apply _. Qed.

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

  (** A parked queue is empty. *)
  Lemma parked_empty γ P Q parked :
    queue γ (P ++ Q).*1 (length P) parked -∗ ⌜parked = true → Q = []⌝.
  Proof.
    iIntros "Hq". iDestruct (queue_bounds with "Hq") as %[_ H]. iPureIntro.
    intros Hparked. specialize (H Hparked). rewrite fmap_length app_length in H.
    apply nil_length_inv. lia.
  Qed.

  (** The history does not change when a push ends its gap. *)
  Lemma history_link P Q j n w f :
    Q !! j = Some (n, InGap w f) →
    (P ++ <[j := (n, Linked)]> Q).*1 = (P ++ Q).*1.
  Proof.
    intros Hj. rewrite !fmap_app list_fmap_insert /=. f_equal.
    apply list_insert_id. by rewrite list_lookup_fmap Hj.
  Qed.
End invariant.
