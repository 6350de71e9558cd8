(** What the main theorems assume: nothing. [check] reads the output of this file. *)
From mpsc_proof.forward Require form observe.
From mpsc_proof.back_linked Require form.
From mpsc_proof.gap_free Require form.
From mpsc_proof.closing Require form.
From mpsc_proof.refusal Require push.
From mpsc_proof.clients Require channel waking gap_free_waking shared_items observer closing
  examples closing_example.

(** Each form keeps the promises of the record [mpsc]. *)
Print Assumptions forward.form.forward_linked.
Print Assumptions back_linked.form.back_linked.
Print Assumptions gap_free.form.gap_free.

(** The gap-free form keeps those of the record [closable_mpsc]. *)
Print Assumptions closing.form.closable_gap_free.

(** The refusal of the back-linked form. *)
Print Assumptions refusal.push.refusal_alloc.
Print Assumptions refusal.push.late_push_spec.
Print Assumptions refusal.push.closed_restored.
Print Assumptions refusal.push.appended_swept.

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

(** The end of a queue. *)
Print Assumptions clients.closing.new_ending_spec.
Print Assumptions clients.closing.push_or_refuse_spec.
Print Assumptions clients.closing.pop_until_end_spec.
Print Assumptions clients.closing.close_consumer_spec.
Print Assumptions clients.closing.sent_before_end.
Print Assumptions clients.closing.ended_agree.

(** [is_empty]. *)
Print Assumptions forward.observe.observe_spec.
Print Assumptions observer.is_empty_spec.

(** Whole programs. *)
Print Assumptions examples.forward_linked_sum.
Print Assumptions examples.back_linked_sum.
Print Assumptions examples.gap_free_sum.
Print Assumptions closing_example.gap_free_end.
