(** The moments at which the answers of pop, park and unpark are decided, for all forms.

    [P] are the entries that have been popped, and [Q] those that are in the queue. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export entries.
From iris.prelude Require Import options.

Section decide.
  Context `{!heapGS Σ, !queueG Σ, !ghost_mapG Σ nat entry}.
  Context (N : namespace) (gap : bool) (consumer : queue_name → nat → iProp Σ).
  Implicit Types (Q P : list entry) (γ : queue_name) (n : loc) (j k : nat)
    (D : nat → iProp Σ) (Φ : val → iProp Σ).

  (** ** Pop *)

  (** The answer of the pop is still to be decided. *)
  Definition pop_commit γ D k Φ : iProp Σ :=
    AU << ∃∃ h k' parked share, queue γ h k' parked ∗ shown γ share >> @ ⊤ ∖ ↑N, ∅
       << ∀∀ a, ⌜k' = k⌝ ∗ pop_result γ gap D h k parked share a,
          COMM consumer γ (popped_after k a) -∗ Φ (answer_val a) >>.

  (** The answer is decided, and the consumer has to get its place back when it returns. *)
  Definition decided γ k Φ (a : answer) : iProp Σ :=
    consumer γ (popped_after k a) -∗ Φ (answer_val a).

  (** In an empty queue, the answer may be [Empty]. *)
  Lemma decide_empty γ D P parked Φ :
    pop_commit γ D (length P) Φ -∗ queue γ (P ++ []).*1 (length P) parked ={⊤ ∖ ↑N}=∗
    queue γ (P ++ []).*1 (length P) parked ∗ decided γ (length P) Φ Empty.
  Proof.
    iIntros "AU Hq". iMod "AU" as (h k parked' share) "[[Hq' Hshare] [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->). iFrame "Hq".
    iMod ("Hcommit" $! Empty with "[Hq' Hshare]") as "HΦ"; last done.
    iFrame. iPureIntro. split; first done. by rewrite fmap_length app_nil_r.
  Qed.

  (** While an entry is in its gap, the answer may be [Stalled]. *)
  Lemma decide_stalled γ D P Q parked j n w f Φ :
    gap = true → Q !! j = Some (n, InGap w f) →
    pop_commit γ D (length P) Φ -∗
    queue γ (P ++ Q).*1 (length P) parked -∗ evidences γ (length P) Q ={⊤ ∖ ↑N}=∗
    queue γ (P ++ Q).*1 (length P) parked ∗ evidences γ (length P) Q ∗
    decided γ (length P) Φ Stalled.
  Proof.
    iIntros (Hgap Hj) "AU Hq Hev".
    iMod "AU" as (h k parked' share) "[[Hq' Hshare] [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    iAssert ⌜share ≠ Some 1%Qp⌝%I as %Hshare.
    { iIntros (->). by iDestruct (evidences_quiet with "Hshare Hev") as %?. }
    iMod ("Hcommit" $! Stalled with "[Hq' Hshare]") as "HΦ"; last by iFrame.
    iFrame. iPureIntro. split_and!; try done.
    rewrite fmap_length app_length. apply lookup_lt_Some in Hj. lia.
  Qed.

  (** The consumer takes the oldest entry out. *)
  Lemma decide_item γ D P n Q parked Φ :
    pop_commit γ D (length P) Φ -∗
    queue γ (P ++ (n, Linked) :: Q).*1 (length P) parked -∗
    (∃ v, n ↦ v) -∗ deposit gap D (length P) ={⊤ ∖ ↑N}=∗
    queue γ (P ++ (n, Linked) :: Q).*1 (S (length P)) false ∗
    decided γ (length P) Φ (Item n).
  Proof.
    iIntros "AU Hq Hn HD".
    iMod "AU" as (h k parked' share) "[[Hq' Hshare] [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    iMod (queue_view (S (length P)) false with "Hq Hq'") as "[$ Hq']"; [|done|].
    { rewrite fmap_length app_length /=. lia. }
    iApply ("Hcommit" $! (Item n)). iFrame. iPureIntro. split; first done.
    by rewrite list_lookup_fmap lookup_app_r // Nat.sub_diag.
  Qed.

  (** ** Park and unpark *)

  Definition park_commit γ k Φ : iProp Σ :=
    AU << ∃∃ h k' parked, queue γ h k' parked >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ queue γ h k (bool_decide (k = length h)),
          COMM consumer γ k -∗ Φ #(bool_decide (k = length h)) >>.
  Definition unpark_commit γ k Φ : iProp Σ :=
    AU << ∃∃ h k' parked, queue γ h k' parked >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ queue γ h k false,
          COMM consumer γ k -∗ Φ #(bool_decide (k = length h)) >>.

  Lemma empty_decide P Q :
    bool_decide (length P = length (P ++ Q).*1) = bool_decide (Q = []).
  Proof.
    rewrite fmap_length app_length. apply bool_decide_ext. split; [|by intros ->].
    intros H. apply nil_length_inv. lia.
  Qed.

  (** [park] succeeds in an empty queue. *)
  Lemma decide_park γ P Q parked Φ :
    park_commit γ (length P) Φ -∗ queue γ (P ++ Q).*1 (length P) parked ={⊤ ∖ ↑N}=∗
    queue γ (P ++ Q).*1 (length P) (bool_decide (Q = [])) ∗
    (consumer γ (length P) -∗ Φ #(bool_decide (Q = []))).
  Proof.
    iIntros "AU Hq". iMod "AU" as (h k' parked') "[Hq' [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    iMod (queue_view (length P) (bool_decide (Q = [])) with "Hq Hq'") as "[$ Hq']".
    { rewrite fmap_length app_length. lia. }
    { rewrite bool_decide_eq_true. intros ->. by rewrite app_nil_r fmap_length. }
    rewrite -(empty_decide P Q). iApply "Hcommit". by iFrame.
  Qed.

  (** [unpark] removes the mark, if there is one. *)
  Lemma decide_unpark γ P Q parked Φ :
    unpark_commit γ (length P) Φ -∗ queue γ (P ++ Q).*1 (length P) parked ={⊤ ∖ ↑N}=∗
    queue γ (P ++ Q).*1 (length P) false ∗
    (consumer γ (length P) -∗ Φ #(bool_decide (Q = []))).
  Proof.
    iIntros "AU Hq". iMod "AU" as (h k' parked') "[Hq' [_ Hcommit]]".
    iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
    iMod (queue_view (length P) false with "Hq Hq'") as "[$ Hq']"; [|done|].
    { rewrite fmap_length app_length. lia. }
    rewrite -(empty_decide P Q). iApply "Hcommit". by iFrame.
  Qed.
End decide.
