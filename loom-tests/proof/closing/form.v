(** The gap-free form with its closing keeps the promises of a form that can be closed. *)
From iris.heap_lang Require Import proofmode.
From mpsc_proof.closing Require Import invariant push pop park.
From mpsc_proof.batch Require code.
From mpsc_proof.closing Require code.
From mpsc_proof.shared Require closing.
From iris.prelude Require Import options.

Definition closable_gap_free `{!heapGS Σ, !gap_freeG Σ} : closing.closable_mpsc Σ := {|
  closing.new := closing.code.new;
  closing.push_chain := closing.code.push_chain;
  closing.pop := closing.code.pop;
  closing.park := batch.code.park;
  closing.unpark := batch.code.unpark;
  closing.close := closing.code.close;
  closing.is_closable := invariant.is_closable;
  closing.is_closable_persistent N γ q := _;
  closing.consumer := invariant.consumer;
  closing.consumer_unique := invariant.consumer_unique;
  closing.new_spec := park.new_spec;
  closing.push_chain_spec := push.push_chain_spec;
  closing.pop_spec := pop.pop_spec;
  closing.park_spec := park.park_spec;
  closing.unpark_spec := park.unpark_spec;
  closing.close_spec := park.close_spec;
|}.
