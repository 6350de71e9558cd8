(** A chain: links that one thread owns, each of which leads to the next newer one.

    The [Chain] of the crate (mpsc/src/item/chain.rs). A single link is a chain of one. *)
From iris.proofmode Require Import proofmode.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export tags.
From iris.prelude Require Import options.

Section chain.
  Context `{!heapGS Σ}.
  Implicit Types (c : list loc) (n : loc).

  Definition own_chain c : iProp Σ := [∗ list] j ↦ n ∈ c, n ↦ link_val (c !! S j).

  Lemma own_chain_cons n c : own_chain (n :: c) ⊣⊢ n ↦ link_val (c !! 0) ∗ own_chain c.
  Proof. done. Qed.

  Lemma own_chain_single n : own_chain [n] ⊣⊢ n ↦ NULL.
  Proof. by rewrite own_chain_cons /own_chain /= right_id. Qed.
End chain.
