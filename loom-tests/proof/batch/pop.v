(** The pop of the forms whose pushes write their own link: the consumer takes all links by one
    exchange, turns them round, and hands them out one by one. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.batch Require Export invariant.
From iris.prelude Require Import options.

Section pop.
  Context `{!heapGS Σ, !batchG Σ} (N : namespace) (gap : bool).
  Implicit Types (P Q : list entry) (U T : list loc) (γ : queue_name) (q n m : loc)
    (j k : nat) (D : nat → iProp Σ) (s : stage) (Φ : val → iProp Σ).

  Local Notation is_queue := (invariant.is_queue N gap).
  Local Notation pop_commit := (decide.pop_commit N gap consumer).
  Local Notation decided := (decide.decided consumer).

  (** The oldest link is taken out of the batch. The answer is decided at the store to [ready]. *)
  Lemma take_ready_spec γ q D k n T s Φ :
    is_queue γ q D -∗ progress γ (Private q k [] (n :: T) s) -∗
    (∃ v, (q +ₗ 1) ↦ v) -∗ (q +ₗ 2) ↦ NULL -∗ (q +ₗ 3) ↦ NULL -∗
    (q +ₗ 4) ↦ link_val (last (n :: T)) -∗
    own_chain (n :: T) -∗ pop_commit γ D k Φ -∗
    WP take_ready #q #n {{ Φ }}.
  Proof.
    iIntros "#Hinv Hc [%v Hready] Hat Hturned Hnewest [Hn HT] AU".
    wp_lam. wp_pures. wp_load. wp_pures. wp_bind (_ <- _)%E.
    iInv N as (P U T' Q parked s') "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    iDestruct (progress_agree with "Hc Hs") as %[= <- HU -> ->].
    apply fmap_nil_inv in HU as ->. simpl.
    iDestruct (evidences_cons with "Hev") as "[_ Hev]".
    iDestruct (deposits_cons with "HD") as "[HDk HD]". simpl.
    wp_store.
    iMod (decide_item with "AU Hq [Hn] HDk") as "[Hq HΦ]"; first by eauto.
    iMod (progress_update (Private q (S (length P)) [] T s) with "Hc Hs") as "[Hc Hs]".
    iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
    { iNext. iExists (P ++ [(n, Linked)]), [], T, Q, _, s.
      rewrite -(assoc_L (++)) /= app_length Nat.add_1_r. iFrame.
  Abort.
End pop.
