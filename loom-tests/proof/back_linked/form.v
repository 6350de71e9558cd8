(** The back-linked form keeps the promises of every form. *)
From iris.heap_lang Require Import proofmode.
From mpsc_proof.batch Require Import invariant pop park.
From mpsc_proof.back_linked Require Import push.
From mpsc_proof.batch Require code.
From mpsc_proof.back_linked Require code.
From iris.prelude Require Import options.

Definition back_linked `{!heapGS Σ, !batchG Σ} : mpsc Σ := {|
  spec.new := batch.code.new;
  spec.push_chain := back_linked.code.push_chain;
  spec.pop := batch.code.pop true;
  spec.park := batch.code.park;
  spec.unpark := batch.code.unpark;
  spec.has_gap := true;
  spec.is_queue N := invariant.is_queue N true;
  spec.is_queue_persistent := _;
  spec.consumer := invariant.consumer;
  spec.consumer_unique := invariant.consumer_unique;
  spec.new_spec N := park.new_spec N true;
  spec.push_chain_spec := push.push_chain_spec;
  spec.pop_spec N := pop.pop_spec N true;
  spec.park_spec N := park.park_spec N true;
  spec.unpark_spec N := park.unpark_spec N true;
|}.
