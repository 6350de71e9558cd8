(** What a form promises that can be closed, if a push that finds it closed changes nothing.

    The abstract queue has one bit more. Once it is closed, its history never changes again. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Export mono_nat.
From iris.program_logic Require Export atomic.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export tags ghost chain.
From iris.prelude Require Import options.

(** The queue is closed: the third tag of mpsc/src/form/back.rs. *)
Notation CLOSED := (LitV (LitInt 3)).

(** The answers of a pop, and of a push that is refused. *)
Inductive outcome := Answer (a : answer) | Closed.
Definition outcome_val (o : outcome) : val :=
  match o with Answer a => answer_val a | Closed => InjLV (LitV (LitInt 2)) end.
Notation IS_CLOSED := (InjLV (LitV (LitInt 2))).
Notation REFUSED := (InjLV (LitV LitUnit)).
Notation PUSHED w := (InjRV w).

Class closingG Σ := ClosingG {
  closing_queueG :> queueG Σ;
  closing_statusG :> mono_natG Σ;
}.
Definition closingΣ : gFunctors := #[queueΣ; mono_natΣ].
Global Instance subG_closingΣ {Σ} : subG closingΣ Σ → closingG Σ.
Proof. solve_inG. Qed.

Record closable_name := ClosableName {
  queue_of :> queue_name;
  status_name : gname;
}.

Section ghost.
  Context `{!closingG Σ}.
  Implicit Types (γ : closable_name) (h c : list loc) (k : nat) (f : Qp).

  (** Whether the queue is closed: a share of this. It changes once. *)
  Definition status γ f (closed : bool) : iProp Σ :=
    mono_nat_auth_own γ.(status_name) f (if closed then 1 else 0).

  (** The queue is closed. True for ever, so it may be copied. *)
  Definition is_closed γ : iProp Σ := mono_nat_lb_own γ.(status_name) 1.

  (** The client's view of a queue that can be closed. A closed queue is not parked. *)
  Definition closable γ h k (parked closed : bool) : iProp Σ :=
    queue γ h k parked ∗ status γ (1/2) closed ∗ ⌜closed = true → parked = false⌝.

  Global Instance status_timeless γ f closed : Timeless (status γ f closed).
  Proof. apply _. Qed.
  Global Instance is_closed_timeless γ : Timeless (is_closed γ).
  Proof. apply _. Qed.
  Global Instance is_closed_persistent γ : Persistent (is_closed γ).
  Proof. apply _. Qed.
  Global Instance closable_timeless γ h k parked closed : Timeless (closable γ h k parked closed).
  Proof. apply _. Qed.

  Lemma status_agree γ f closed f' closed' :
    status γ f closed -∗ status γ f' closed' -∗ ⌜closed' = closed⌝.
  Proof.
    iIntros "H H'". iDestruct (mono_nat_auth_own_agree with "H H'") as %[_ Heq].
    by destruct closed, closed'.
  Qed.

  Lemma status_closed γ f closed : status γ f closed -∗ is_closed γ -∗ ⌜closed = true⌝.
  Proof.
    iIntros "H H'". iDestruct (mono_nat_lb_own_valid with "H H'") as %[_ Hle].
    destruct closed; [done|lia].
  Qed.

  Lemma status_is_closed γ f : status γ f true -∗ is_closed γ.
  Proof. apply mono_nat_lb_own_get. Qed.

  (** A queue that is closed stays so. *)
  Lemma closable_closed γ h k parked closed :
    closable γ h k parked closed -∗ is_closed γ -∗ ⌜closed = true ∧ parked = false⌝.
  Proof.
    iIntros "(_ & H & %Hparked) H'". iDestruct (status_closed with "H H'") as %->.
    iPureIntro. split; [done|by apply Hparked].
  Qed.

  (** The three shares: those of the client, of the invariant and of the consumer. *)
  Lemma status_close γ closed closed' closed'' :
    status γ (1/2) closed -∗ status γ (1/4) closed' -∗ status γ (1/4) closed'' ==∗
    status γ (1/2) true ∗ status γ (1/2) true.
  Proof.
    iIntros "H H1 H2".
    iDestruct (status_agree with "H H1") as %->. iDestruct (status_agree with "H H2") as %->.
    rewrite /status. iCombine "H1 H2" as "H'". iCombine "H H'" as "H".
    rewrite Qp.quarter_quarter Qp.half_half.
    iMod (mono_nat_own_update 1 with "H") as "[[$ $] _]"; [by destruct closed; lia|done].
  Qed.
End ghost.
Global Typeclasses Opaque status is_closed.

Section commits.
  Context `{!heapGS Σ, !closingG Σ}.
  Implicit Types (N : namespace) (γ : closable_name) (h c : list loc) (Φ : val → iProp Σ).

  (** The links that a refused push gives back, each of which leads to the next newer one. *)
  Definition handed_back c : iProp Σ :=
    [∗ list] j ↦ n ∈ c, ∃ v : val, n ↦ v ∗ ⌜∀ m : loc, c !! S j = Some m → v = #m⌝.

  (** The client's view of a push. At one moment, the queue is open and the chain is appended to
      the history, or it is closed and nothing changes: then the links go back to the caller. *)
  Definition closable_push_commit N γ c f (on_parked : val) Φ : iProp Σ :=
    AU << ∃∃ h k parked closed, closable γ h k parked closed >> @ ⊤ ∖ ↑N, ∅
       << closable γ (if closed then h else h ++ c) k false closed,
          COMM if closed then producer γ f -∗ handed_back c -∗ Φ REFUSED
               else if parked then
                 WP on_parked #() {{ w, producer γ f -∗ Φ (PUSHED (SOMEV w)) }}
               else producer γ f -∗ Φ (PUSHED NONEV) >>.

  (** The queue after a pop with this answer. [Empty]: it is open, and every push so far has been
      popped. [Closed]: it is closed, and every push of its history has been popped. *)
  Definition closable_pop_result γ h k parked closed (o : outcome) : iProp Σ :=
    match o with
    | Answer (Item n) =>
        ⌜h !! k = Some n⌝ ∗ closable γ h (S k) false closed ∗ ∃ v : val, n ↦ v
    | Answer Empty => ⌜closed = false ∧ k = length h⌝ ∗ closable γ h k parked closed
    | Answer Stalled => False
    | Closed => ⌜closed = true ∧ k = length h⌝ ∗ closable γ h k parked closed
    end.

  Definition popped_after (k : nat) (o : outcome) : nat :=
    match o with Answer (Item _) => S k | _ => k end.

  (** What park and unpark return: whether the queue is empty and open. *)
  Definition is_idle h k (closed : bool) : bool := negb closed && bool_decide (k = length h).
End commits.

Record closable_mpsc (Σ : gFunctors) `{!heapGS Σ, !closingG Σ} := ClosableMpsc {
  (** The program. *)
  new : val;
  push_chain : val;
  pop : val;
  park : val;
  unpark : val;
  close : val;

  is_closable : namespace → closable_name → loc → iProp Σ;
  is_closable_persistent N γ q : Persistent (is_closable N γ q);

  (** The consumer's place, and how many links it has popped. There is one. *)
  consumer : closable_name → loc → nat → iProp Σ;
  consumer_unique γ q k k' : consumer γ q k -∗ consumer γ q k' -∗ False;

  new_spec N :
    {{{ True }}} new #()
    {{{ q γ, RET #q;
        is_closable N γ q ∗ closable γ [] 0 false false ∗ consumer γ q 0 ∗ producer γ 1 }}};

  push_chain_spec N γ q (oldest newest : loc) c f (on_parked : val) Φ :
    c !! 0 = Some oldest → last c = Some newest →
    is_closable N γ q -∗ producer γ f -∗ own_chain c -∗
    closable_push_commit N γ c f on_parked Φ -∗
    WP push_chain #q #oldest #newest on_parked {{ Φ }};

  pop_spec N γ (q : loc) k Φ :
    is_closable N γ q -∗ consumer γ q k -∗
    AU << ∃∃ h k' parked closed, closable γ h k' parked closed >> @ ⊤ ∖ ↑N, ∅
       << ∀∀ o, ⌜k' = k⌝ ∗ closable_pop_result γ h k parked closed o,
          COMM consumer γ q (popped_after k o) -∗ Φ (outcome_val o) >> -∗
    WP pop #q {{ Φ }};

  (** [park] succeeds if and only if the queue is empty and open. *)
  park_spec N γ (q : loc) k Φ :
    is_closable N γ q -∗ consumer γ q k -∗
    AU << ∃∃ h k' parked closed, closable γ h k' parked closed >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ closable γ h k (is_idle h k closed) closed,
          COMM consumer γ q k -∗ Φ #(is_idle h k closed) >> -∗
    WP park #q {{ Φ }};

  unpark_spec N γ (q : loc) k Φ :
    is_closable N γ q -∗ consumer γ q k -∗
    AU << ∃∃ h k' parked closed, closable γ h k' parked closed >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ closable γ h k false closed,
          COMM consumer γ q k -∗ Φ #(is_idle h k closed) >> -∗
    WP unpark #q {{ Φ }};

  (** [close] closes the queue. The history is kept: its links are still to be popped. *)
  close_spec N γ (q : loc) k Φ :
    is_closable N γ q -∗ consumer γ q k -∗
    AU << ∃∃ h k' parked closed, closable γ h k' parked closed >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ closable γ h k false true, COMM consumer γ q k -∗ Φ #() >> -∗
    WP close #q {{ Φ }};
}.
Global Arguments new {_ _ _} _.
Global Arguments push_chain {_ _ _} _.
Global Arguments pop {_ _ _} _.
Global Arguments park {_ _ _} _.
Global Arguments unpark {_ _ _} _.
Global Arguments close {_ _ _} _.
Global Arguments is_closable {_ _ _} _ N γ q.
Global Arguments consumer {_ _ _} _ γ q k.
Global Existing Instance is_closable_persistent.
