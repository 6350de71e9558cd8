(** The gap-free form keeps the promises of every form, and its pop is never stalled. *)
From iris.heap_lang Require Import proofmode.
From mpsc_proof.batch Require Import invariant pop park.
From mpsc_proof.gap_free Require Import push.
From mpsc_proof.batch Require code.
From mpsc_proof.gap_free Require code.
From iris.prelude Require Import options.

Definition gap_free `{!heapGS Σ, !batchG Σ} : mpsc Σ := {|
  spec.new := batch.code.new;
  spec.push_chain := gap_free.code.push_chain;
  spec.pop := batch.code.pop false;
  spec.park := batch.code.park;
  spec.unpark := batch.code.unpark;
  spec.has_gap := false;
  spec.is_queue N := invariant.is_queue N false;
  spec.is_queue_persistent := _;
  spec.consumer := invariant.consumer;
  spec.consumer_unique := invariant.consumer_unique;
  spec.new_spec N := park.new_spec N false;
  spec.push_chain_spec := push.push_chain_spec;
  spec.pop_spec N := pop.pop_spec N false;
  spec.park_spec N := park.park_spec N false;
  spec.unpark_spec N := park.unpark_spec N false;
|}.
