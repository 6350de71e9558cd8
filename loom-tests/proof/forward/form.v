(** The forward-linked form keeps the promises of every form. *)
From mpsc_proof.forward Require Import invariant push pop park.
From iris.heap_lang Require Import proofmode.
From mpsc_proof.forward Require code.
From iris.prelude Require Import options.

Definition forward_linked `{!heapGS Σ, !forwardG Σ} : mpsc Σ := {|
  spec.new := code.new;
  spec.push_chain := code.push_chain;
  spec.pop := code.pop;
  spec.park := code.park;
  spec.unpark := code.unpark;
  spec.has_gap := true;
  spec.is_queue := invariant.is_queue;
  spec.is_queue_persistent := _;
  spec.consumer := invariant.consumer;
  spec.consumer_unique := invariant.consumer_unique;
  spec.new_spec := park.new_spec;
  spec.push_chain_spec := push.push_chain_spec;
  spec.pop_spec := pop.pop_spec;
  spec.park_spec := park.park_spec;
  spec.unpark_spec := park.unpark_spec;
|}.
