(** The invariant of the gap-free form with its closing, and the moments at which the answers are
    decided.

    While the queue is open, the links that no consumer has taken belong to the invariant. After
    the close no push touches a link, so all of them belong to the consumer. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.batch Require Export invariant.
From mpsc_proof.closing Require Export code.
From iris.prelude Require Import options.

Class gap_freeG Σ := GapFreeG {
  gap_free_queueG :> queueG Σ;
  gap_free_statusG :> mono_natG Σ;
  gap_free_privateG :> ghost_varG Σ private;
}.
Definition gap_freeΣ : gFunctors := #[queueΣ; mono_natΣ; ghost_varΣ private].
Global Instance subG_gap_freeΣ {Σ} : subG gap_freeΣ Σ → gap_freeG Σ.
Proof. solve_inG. Qed.
Global Instance gap_free_closingG `{!gap_freeG Σ} : closingG Σ := ClosingG _ _ _.

Lemma linked_entries_snoc c (n : loc) :
  linked_entries (c ++ [n]) = linked_entries c ++ [(n, Linked)].
Proof. by rewrite /linked_entries fmap_app. Qed.

Lemma last_val_linked prev c (n : loc) : last_val prev (linked_entries (c ++ [n])) = #n.
Proof. by rewrite linked_entries_snoc last_val_snoc. Qed.

Section invariant.
  Context `{!heapGS Σ, !gap_freeG Σ} (N : namespace).
  Implicit Types (γ : closable_name) (q n m : loc) (P Q T h c : list loc) (k : nat) (s : stage)
    (Φ : val → iProp Σ).

  Definition known γ f (x : private) : iProp Σ := ghost_var γ.(consumer_name) f x.

  (** [P] are the links that have been popped, [T] those that the consumer has taken, [Q] those
      that [back] leads to. *)
  Definition open_inv γ q : iProp Σ :=
    ∃ P T Q parked s,
      q ↦ back_val (linked_entries Q) parked ∗
      queue γ (P ++ T ++ Q) (length P) parked ∗
      known γ (1/4) (Private q (length P) [] T s) ∗
      own_links BOTTOM (linked_entries Q) ∗
      ⌜stage_ok s (linked_entries Q) parked⌝.

  Definition closable_inv γ q : iProp Σ :=
    (status γ (1/4) false ∗ open_inv γ q) ∨ (is_closed γ ∗ q ↦ CLOSED).
  Definition is_closable γ q : iProp Σ := inv N (closable_inv γ q).

  (** The consumer's place in an open queue. *)
  Definition open_place γ q k T s : iProp Σ :=
    status γ (1/4) false ∗ known γ (3/4) (Private q k [] T s).

  (** The consumer's place in a closed queue: [Q] is what the close has found, and what the consumer
      has not taken yet. *)
  Definition closed_place γ k T Q : iProp Σ :=
    status γ (1/2) true ∗ (∃ x, known γ (3/4) x) ∗
    (∃ P, ⌜length P = k⌝ ∗ queue γ (P ++ T ++ Q) k false) ∗
    own_links BOTTOM (linked_entries Q).

  Definition place γ q k T (found : option (list loc)) : iProp Σ :=
    match found with
    | None => ∃ s, open_place γ q k T s
    | Some Q => closed_place γ k T Q
    end.

  (** The content of [closing]. *)
  Definition closing_val (found : option (list loc)) : val :=
    match found with
    | None => NULL
    | Some Q => match last Q with Some n => #n | None => CLOSED end
    end.

  Definition consumer γ q k : iProp Σ :=
    ∃ T found, place γ q k T found ∗ fields q [] T ∗ (q +ₗ 5) ↦ closing_val found ∗ own_chain T.

  Lemma consumer_unique γ q k k' : consumer γ q k -∗ consumer γ q k' -∗ False.
  Proof.
    iAssert (∀ k, consumer γ q k -∗ ∃ x, known γ (3/4) x)%I as "H".
    { iIntros (j) "(%T & %found & H & _)". destruct found as [Q|].
      - iDestruct "H" as "(_ & $ & _)".
      - iDestruct "H" as (s) "[_ H]". by iExists _. }
    iIntros "H1 H2". iDestruct ("H" with "H1") as (x) "H1". iDestruct ("H" with "H2") as (y) "H2".
    by iDestruct (ghost_var_valid_2 with "H1 H2") as %[? _].
  Qed.

  Lemma known_agree γ f x f' x' : known γ f x -∗ known γ f' x' -∗ ⌜x' = x⌝.
  Proof. iIntros "H H'". by iDestruct (ghost_var_agree with "H H'") as %->. Qed.

  Lemma known_update x2 γ x x' :
    known γ (3/4) x -∗ known γ (1/4) x' ==∗ known γ (3/4) x2 ∗ known γ (1/4) x2.
  Proof. iApply ghost_var_update_2. by rewrite Qp.three_quarter_quarter. Qed.

  (** A parked queue is empty. *)
  Lemma parked_nil γ P T Q parked :
    queue γ (P ++ T ++ Q) (length P) parked -∗ ⌜parked = true → T = [] ∧ Q = []⌝.
  Proof.
    iIntros "Hq". iDestruct (queue_bounds with "Hq") as %[_ H]. iPureIntro.
    intros Hparked. specialize (H Hparked). rewrite !app_length in H.
    split; apply nil_length_inv; lia.
  Qed.

  (** ** The client's view *)

  (** The invariant's and the client's view of the queue change together. *)
  Lemma closable_view h k parked f k' parked' γ h' k1 parked1 closed closed' :
    k' ≤ length h → (parked' = true → k' = length h) → (closed = true → parked' = false) →
    queue γ h k parked -∗ status γ f closed -∗ closable γ h' k1 parked1 closed' ==∗
    ⌜h' = h ∧ k1 = k ∧ parked1 = parked ∧ closed' = closed⌝ ∗
    queue γ h k' parked' ∗ status γ f closed ∗ closable γ h k' parked' closed.
  Proof.
    iIntros (? ? ?) "Hq Hst (Hq' & Hst' & %)".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    iDestruct (status_agree with "Hst Hst'") as %->.
    iMod (queue_view k' parked' with "Hq Hq'") as "[$ $]"; [done..|]. by iFrame.
  Qed.

  (** The same without a change. *)
  Lemma closable_agree h k parked f γ h' k1 parked1 closed closed' :
    queue γ h k parked -∗ status γ f closed -∗ closable γ h' k1 parked1 closed' -∗
    ⌜h' = h ∧ k1 = k ∧ parked1 = parked ∧ closed' = closed⌝.
  Proof.
    iIntros "Hq Hst (Hq' & Hst' & %)".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    by iDestruct (status_agree with "Hst Hst'") as %->.
  Qed.

  (** ** Pop *)

  Definition pop_commit γ q k Φ : iProp Σ :=
    AU << ∃∃ h k' parked closed, closable γ h k' parked closed >> @ ⊤ ∖ ↑N, ∅
       << ∀∀ o, ⌜k' = k⌝ ∗ closable_pop_result γ h k parked closed o,
          COMM consumer γ q (popped_after k o) -∗ Φ (outcome_val o) >>.

  (** The answer is decided, and the consumer has to get its place back when it returns. *)
  Definition decided γ q k Φ (o : outcome) : iProp Σ :=
    consumer γ q (popped_after k o) -∗ Φ (outcome_val o).

  Lemma commit_item γ q P n h f parked closed Φ :
    (P ++ n :: h) !! length P = Some n →
    pop_commit γ q (length P) Φ -∗ queue γ (P ++ n :: h) (length P) parked -∗
    status γ f closed -∗ (∃ v : val, n ↦ v) ={⊤ ∖ ↑N}=∗
    queue γ (P ++ n :: h) (S (length P)) false ∗ status γ f closed ∗
    decided γ q (length P) Φ (Answer (Item n)).
  Proof.
    iIntros (Hn) "AU Hq Hst Hn". iMod "AU" as (h' k' parked' closed') "[Hc [_ Hcommit]]".
    iMod (closable_view _ _ _ _ (S (length P)) false with "Hq Hst Hc")
      as "(%Heq & $ & $ & Hc)"; [|done|done|].
    { rewrite app_length /=. lia. }
    destruct Heq as (-> & -> & -> & ->). iApply ("Hcommit" $! (Answer (Item n))). by iFrame.
  Qed.

  (** The consumer takes the oldest link out, whether the queue is closed or not. *)
  Lemma decide_item γ q k n T found Φ :
    is_closable γ q -∗ place γ q k (n :: T) found -∗ pop_commit γ q k Φ -∗
    (∃ v : val, n ↦ v) ={⊤}=∗
    place γ q (S k) T found ∗ decided γ q k Φ (Answer (Item n)).
  Proof.
    iIntros "#Hinv Hplace AU Hn". destruct found as [Q|]; simpl.
    - iInv N as "H" "Hclose".
      iDestruct "Hplace" as "(Hst & $ & (%P & <- & Hq) & $)". simpl.
      iMod (commit_item with "AU Hq Hst Hn") as "(Hq & $ & $)".
      { by rewrite lookup_app_r // Nat.sub_diag. }
      iMod ("Hclose" with "H") as "_". iModIntro. iExists (P ++ [n]).
      rewrite -(assoc_L (++)) app_length /= Nat.add_1_r. by iFrame.
    - iDestruct "Hplace" as (s) "[Hst Hs]".
      iInv N as ">[[Hst' (%P & %T' & %Q & %parked & %s' & Hback & Hq & Hs' & HQ & %Hs)]|[Hcl _]]"
        "Hclose"; last by iDestruct (status_closed with "Hst Hcl") as %?.
      iDestruct (known_agree with "Hs Hs'") as %[= <- -> ->]. simpl.
      iDestruct (parked_nil _ _ (n :: T) with "Hq") as %Hparked.
      destruct parked; first by destruct (Hparked eq_refl).
      iMod (commit_item with "AU Hq Hst Hn") as "(Hq & Hst & $)".
      { by rewrite lookup_app_r // Nat.sub_diag. }
      iMod (known_update (Private q (S (length P)) [] T s) with "Hs Hs'") as "[Hs Hs']".
      iMod ("Hclose" with "[Hst' Hback Hq Hs' HQ]") as "_".
      { iNext. iLeft. iFrame "Hst'". iExists (P ++ [n]), T, Q, false, s.
        rewrite -(assoc_L (++)) app_length /= Nat.add_1_r. by iFrame. }
      iModIntro. iExists s. by iFrame.
  Qed.

  (** A closed queue of which everything has been popped. *)
  Lemma decide_closed γ q k Φ :
    closed_place γ k [] [] -∗ pop_commit γ q k Φ ={⊤}=∗
    closed_place γ k [] [] ∗ decided γ q k Φ Closed.
  Proof.
    iIntros "(Hst & $ & (%P & <- & Hq) & $) AU".
    iMod (fupd_mask_subseteq (⊤ ∖ ↑N)) as "Hmask"; first done.
    iMod "AU" as (h k parked closed) "[Hc [_ Hcommit]]".
    iDestruct (closable_agree with "Hq Hst Hc") as %(-> & -> & -> & ->).
    iMod ("Hcommit" $! Closed with "[$Hc]") as "HΦ".
    { iPureIntro. by rewrite /= app_nil_r. }
    iMod "Hmask" as "_". iModIntro. iFrame. iExists P. by iFrame.
  Qed.
End invariant.
