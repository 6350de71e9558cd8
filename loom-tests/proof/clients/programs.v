(** The programs of the clients. They are built from the program of a form, and know nothing of the
    logic. *)
From mpsc_proof.shared Require Export tags.
From iris.prelude Require Import options.

(** The program of a form. *)
Record program := Program {
  new_of : val;
  push_chain_of : val;
  pop_of : val;
  park_of : val;
  unpark_of : val;
}.

Section programs.
  Context (F : program).

  (** [Queue::push_chain] *)
  Definition push_items : val := λ: "q" "oldest" "newest" "on_parked",
    push_chain_of F "q" "oldest" "newest" "on_parked".

  (** [Queue::push]: [Link::prepare], and then the push of a chain of one. *)
  Definition push_item : val := λ: "q" "n" "on_parked",
    "n" <- NULL;; push_items "q" "n" "n" "on_parked".

  (** [Consumer::pop], and what its guard of [park] does. *)
  Definition pop_item : val := λ: "q", pop_of F "q".
  Definition park_consumer : val := λ: "q", park_of F "q".
  Definition unpark_consumer : val := λ: "q", unpark_of F "q".

  (** [WakerSlot::take] *)
  Definition take_waker : val := λ: "slot",
    let: "waker" := ! "slot" in "slot" <- NONE;; "waker".

  (** [WakingQueue::push] *)
  Definition push_and_wake : val := λ: "q" "slot" "n",
    match: push_item "q" "n" (λ: <>, take_waker "slot") with
      NONE => #()
    | SOME "taken" =>
        match: "taken" with NONE => #() | SOME "flag" => "flag" <- #true end
    end.

  (** The consumer sleeps until the flag is set. *)
  Definition sleep_until : val := rec: "sleep" "flag" :=
    if: ! "flag" then #() else "sleep" "flag".

  (** [Receiver::recv]: fills the slot, parks, sleeps, unparks and looks again. *)
  Definition recv : val := rec: "recv" "q" "slot" :=
    match: pop_item "q" with
      InjR "n" => "n"
    | InjL "answer" =>
        if: "answer" = #0 then
          let: "flag" := ref #false in
          "slot" <- SOME "flag";;
          (if: park_consumer "q" then sleep_until "flag";; unpark_consumer "q" else #false);;
          "recv" "q" "slot"
        else "recv" "q" "slot"
    end.

  (** [Queue::try_push] of a shared item: [SharedLink::set_queued], and a push if the flag was
      clear. The flag lies behind the value. [#false] is [AlreadyQueued]. *)
  Definition try_push_shared : val := λ: "q" "n",
    if: Xchg ("n" +ₗ #2) #true then #false
    else push_item "q" "n" (λ: <>, #());; #true.

  (** The pop of a shared item. Its last act is [SharedLink::clear_queued]. *)
  Definition pop_shared : val := λ: "q",
    match: pop_item "q" with
      InjR "n" => CmpXchg ("n" +ₗ #2) #true #false;; InjR "n"
    | InjL "answer" => InjL "answer"
    end.

  (** Receives by polling, for the forms without a gap. *)
  Definition poll : val := rec: "poll" "q" :=
    match: pop_item "q" with InjR "n" => "n" | InjL <> => "poll" "q" end.

  Definition new_item : val := λ: "value",
    let: "n" := AllocN #2 NULL in "n" +ₗ #1 <- "value";; "n".
  Definition value_of : val := λ: "n", ! ("n" +ₗ #1).

  Definition sum_by_recv : val := λ: <>,
    let: "slot" := ref NONE in
    let: "q" := new_of F #() in
    Fork (push_and_wake "q" "slot" (new_item #1));;
    Fork (push_and_wake "q" "slot" (new_item #2));;
    let: "x" := value_of (recv "q" "slot") in
    let: "y" := value_of (recv "q" "slot") in
    "x" + "y".

  Definition sum_by_poll : val := λ: <>,
    let: "q" := new_of F #() in
    Fork (push_item "q" (new_item #1) (λ: <>, #());; #());;
    Fork (push_item "q" (new_item #2) (λ: <>, #());; #());;
    let: "x" := value_of (poll "q") in
    let: "y" := value_of (poll "q") in
    "x" + "y".

End programs.
