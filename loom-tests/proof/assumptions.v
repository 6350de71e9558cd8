(** What the main theorems assume: nothing. [check] reads the output of this file. *)
From mpsc_proof.forward Require form observe.
From mpsc_proof.back_linked Require form.
From mpsc_proof.gap_free Require form.
From mpsc_proof.clients Require channel waking gap_free_waking shared_items observer
  examples.

(** Each form keeps the promises of the record [mpsc]. *)
Print Assumptions forward.form.forward_linked.
Print Assumptions back_linked.form.back_linked.
Print Assumptions gap_free.form.gap_free.

(** Channels. *)
Print Assumptions channel.new_channel_spec.
Print Assumptions channel.push_items_spec.
Print Assumptions channel.push_item_spec.
Print Assumptions channel.pop_item_spec.
Print Assumptions channel.park_consumer_spec.
Print Assumptions channel.unpark_consumer_spec.
Print Assumptions channel.unpark_awake_spec.

(** Wake-ups. *)
Print Assumptions channel.wakeup_unique.
Print Assumptions channel.wakeup_is_for_sleeper.
Print Assumptions channel.wakeup_done.
Print Assumptions channel.no_lost_wakeup.
Print Assumptions waking.push_and_wake_spec.
Print Assumptions waking.recv_spec.
Print Assumptions gap_free_waking.push_and_wake_late_spec.
Print Assumptions gap_free_waking.park_late_spec.
Print Assumptions gap_free_waking.no_lost_wakeup_late.
Print Assumptions gap_free_waking.recv_late_spec.

(** Shared items. *)
Print Assumptions shared_items.try_push_shared_spec.
Print Assumptions shared_items.pop_shared_spec.

(** [is_empty]. *)
Print Assumptions forward.observe.observe_spec.
Print Assumptions observer.is_empty_spec.

(** Whole programs. *)
Print Assumptions examples.forward_linked_sum.
Print Assumptions examples.back_linked_sum.
Print Assumptions examples.gap_free_sum.
