(** Whole programs, run from an empty heap: two producers send the numbers 1 and 2, and the
    consumer adds up what it receives.

    That the result is 3 in every execution needs all of the specification: each item comes out,
    once, with its payload. And it shows that the specification can be used at all. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import ghost_var.
From iris.heap_lang Require Import adequacy proofmode notation.
From mpsc_proof.clients Require Import channel waking gap_free_waking.
From mpsc_proof.forward Require invariant form.
From mpsc_proof.batch Require invariant.
From mpsc_proof.back_linked Require form.
From mpsc_proof.gap_free Require form.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Section program.
  Context `{!heapGS Σ, !queueG Σ, !channelG Σ, !late_slotG Σ} (F : mpsc Σ).

  Local Notation push_and_wake := (programs.push_and_wake (program_of F)).
  Local Notation sum := (programs.sum (program_of F)).
  Local Notation sum_by_recv := (programs.sum_by_recv (program_of F)).
  Local Notation sum_by_recv_late := (programs.sum_by_recv_late (program_of F)).

  (** The payload of each number is a token that exists once. *)
  Definition number (γ1 γ2 : gname) (n : loc) (v : val) : iProp Σ :=
    (⌜v = #1⌝ ∗ ghost_var γ1 1 ()) ∨ (⌜v = #2⌝ ∗ ghost_var γ2 1 ()).

  Lemma number_twice γ1 γ2 n m v w :
    number γ1 γ2 n v -∗ number γ1 γ2 m w -∗
    ⌜(v = #1 ∧ w = #2) ∨ (v = #2 ∧ w = #1)⌝.
  Proof.
    iIntros "[[-> H1]|[-> H2]] [[-> H1']|[-> H2']]"; auto.
    - by iDestruct (ghost_var_valid_2 with "H1 H1'") as %[? _].
    - by iDestruct (ghost_var_valid_2 with "H2 H2'") as %[? _].
  Qed.

  Lemma new_item_spec (P : loc → val → iProp Σ) v :
    {{{ ∀ n, P n v }}} new_item v {{{ n, RET #n; item P n v }}}.
  Proof.
    iIntros (Φ) "HP HΦ". wp_lam. wp_alloc n as "Hn"; first lia.
    iDestruct (array_cons with "Hn") as "[Hlink Hn]".
    iDestruct (array_cons with "Hn") as "[Hvalue _]".
    wp_pures. wp_store. iApply "HΦ". iModIntro.
    iSplitL "Hlink"; first by iExists _. iFrame. iApply "HP".
  Qed.

  Lemma value_of_spec (P : loc → val → iProp Σ) n v :
    {{{ item P n v }}} value_of #n {{{ RET v; P n v }}}.
  Proof. iIntros (Φ) "[_ [Hv HP]] HΦ". wp_lam. wp_pures. wp_load. by iApply "HΦ". Qed.

  (** What the consumer adds up. *)
  Lemma add_up γ1 γ2 n m v w :
    number γ1 γ2 n v -∗ number γ1 γ2 m w -∗ WP v + w {{ r, ⌜r = #3⌝ }}.
  Proof.
    iIntros "Hv Hw". iDestruct (number_twice with "Hv Hw") as %[[-> ->]|[-> ->]]; by wp_pures.
  Qed.

  (** The program, for each way to hand over the waker. [Slot]: a new slot. [Sender], [Receiver]:
      the permission of one producer, and the consumer, with payloads [P]. *)
  Lemma sum_spec (new_slot take recv : val) (Slot : loc → iProp Σ)
      (Sender Receiver : (loc → val → iProp Σ) → loc → loc → iProp Σ) :
    {{{ True }}} new_slot #() {{{ slot, RET #slot; Slot slot }}} →
    (∀ P slot, {{{ Slot slot }}} new F #()
      {{{ q, RET #q; Sender P slot q ∗ Sender P slot q ∗ Receiver P slot q }}}) →
    (∀ P slot q n v,
      {{{ Sender P slot q ∗ item P n v }}} push_and_wake take #q #slot #n {{{ RET #(); True }}}) →
    (∀ P slot q,
      {{{ Receiver P slot q }}} recv #q #slot
      {{{ n, RET #n; ∃ v, item P n v ∗ Receiver P slot q }}}) →
    ⊢ WP sum new_slot take recv #() {{ v, ⌜v = #3⌝ }}.
  Proof.
    iIntros (Hslot Hnew Hpush Hrecv). wp_lam. wp_apply Hslot; first done.
    iIntros (slot) "Hslot". wp_pures.
    iMod (ghost_var_alloc ()) as (γ1) "H1". iMod (ghost_var_alloc ()) as (γ2) "H2".
    set (P := number γ1 γ2).
    wp_apply (Hnew P with "Hslot"). iIntros (q) "(Hs1 & Hs2 & Hr)".
    wp_pures. wp_apply (wp_fork with "[H1 Hs1]").
    { iNext. wp_apply (new_item_spec P #1 with "[H1]"); first by iIntros (n); iLeft; iFrame.
      iIntros (n) "Hn". by wp_apply (Hpush P with "[$Hs1 $Hn]"). }
    wp_pures. wp_apply (wp_fork with "[H2 Hs2]").
    { iNext. wp_apply (new_item_spec P #2 with "[H2]"); first by iIntros (n); iRight; iFrame.
      iIntros (n) "Hn". by wp_apply (Hpush P with "[$Hs2 $Hn]"). }
    wp_pures. wp_apply (Hrecv P with "Hr").
    iIntros (n) "(%v & Hv & Hr)". wp_apply (value_of_spec with "Hv"). iIntros "Hv".
    wp_pures. wp_apply (Hrecv P with "Hr").
    iIntros (m) "(%w & Hw & _)". wp_apply (value_of_spec with "Hw"). iIntros "Hw".
    wp_let. iApply (add_up γ1 γ2 n m with "Hv Hw").
  Qed.

  (** The push takes the waker in its gap. *)
  Lemma sum_by_recv_spec : has_gap F = true → ⊢ WP sum_by_recv #() {{ v, ⌜v = #3⌝ }}.
  Proof.
    intros Hgap. set (N := nroot .@ "channel").
    pose (is_channel P slot := is_channel F N P (filled N slot) (emptied slot) woken).
    apply (sum_spec _ _ _ (λ slot, slot ↦ NONEV)%I
      (λ P slot q, ∃ γ, is_channel P slot γ q ∗ sender γ (1/2))%I
      (λ P slot q, ∃ γ k, is_channel P slot γ q ∗ receiver F γ k Awake ∗ slot_owned slot)%I).
    - iIntros (Φ) "_ HΦ". wp_lam. wp_alloc slot as "Hslot". by iApply "HΦ".
    - iIntros (P slot Φ) "Hslot HΦ".
      wp_apply (new_channel_spec F N P (filled N slot) (emptied slot) woken with "[//]").
      iIntros (q γ) "(#Hchan & Hr & [Hp1 Hp2] & [Hs1 Hs2])". iApply "HΦ".
      iSplitL "Hp1 Hs1"; first by iExists γ; iFrame "Hchan Hp1 Hs1".
      iSplitL "Hp2 Hs2"; first by iExists γ; iFrame "Hchan Hp2 Hs2".
      iExists γ, 0. iFrame "Hchan Hr". by iExists _.
    - iIntros (P slot q n v Φ) "[(%γ & #Hchan & Hs) Hn] HΦ".
      wp_apply (push_and_wake_spec F N P slot γ q n v _ 0 with "Hchan [] [$Hn $Hs]");
        [by iLeft|by iIntros "_"; iApply "HΦ"].
    - iIntros (P slot q Φ) "(%γ & %k & #Hchan & Hr) HΦ".
      wp_apply (recv_spec F N P slot γ q k with "Hchan Hr"); first done.
      iIntros (n) "(%v & _ & Hn & Hr & Hslot)". iApply "HΦ". iExists v. iFrame "Hn".
      iExists γ, (S k). iFrame "Hchan Hr Hslot".
  Qed.

  (** The push takes the waker late. *)
  Lemma sum_by_recv_late_spec : ⊢ WP sum_by_recv_late #() {{ v, ⌜v = #3⌝ }}.
  Proof.
    set (N := nroot .@ "channel").
    pose (is_channel P g := is_channel F N P (left_late g) True%I (woken_late g)).
    apply (sum_spec _ _ _
      (λ slot, ∃ g, is_slot N slot g ∗ late_slot_owned slot g ∗ share g 1)%I
      (λ P slot q, ∃ γ g, is_channel P g γ q ∗ is_slot N slot g ∗ pusher g γ (1/2))%I
      (λ P slot q, ∃ γ g k, is_channel P g γ q ∗ is_slot N slot g ∗
        receiver F γ k Awake ∗ late_slot_owned slot g)%I).
    - iIntros (Φ) "_ HΦ". wp_apply (new_late_slot_spec N with "[//]").
      iIntros (slot g) "(Hslot & Hown & Hshare)". iApply "HΦ". iExists g. iFrame.
      iExists _, _, _. by iFrame.
    - iIntros (P slot Φ) "(%g & #Hslot & Hown & [Hshare1 Hshare2]) HΦ".
      wp_apply (new_channel_spec F N P (left_late g) True%I (woken_late g) with "[//]").
      iIntros (q γ) "(#Hchan & Hr & [Hp1 Hp2] & [Hs1 Hs2])". iApply "HΦ".
      iSplitL "Hp1 Hs1 Hshare1"; first by iExists γ, g; iFrame "Hchan Hslot Hp1 Hs1 Hshare1".
      iSplitL "Hp2 Hs2 Hshare2"; first by iExists γ, g; iFrame "Hchan Hslot Hp2 Hs2 Hshare2".
      iExists γ, g, 0. iFrame "Hchan Hslot Hr Hown".
    - iIntros (P slot q n v Φ) "[(%γ & %g & #Hchan & #Hslot & Hs) Hn] HΦ".
      wp_apply (push_and_wake_late_spec F N P slot g γ q n v _ 0
        with "Hchan Hslot [] [$Hn $Hs]"); [by iLeft|by iIntros "_"; iApply "HΦ"].
    - iIntros (P slot q Φ) "(%γ & %g & %k & #Hchan & #Hslot & Hr) HΦ".
      wp_apply (recv_late_spec F N P slot g γ q k with "Hchan Hslot Hr").
      iIntros (n) "(%v & _ & Hn & Hr & Hown)". iApply "HΦ". iExists v. iFrame "Hn".
      iExists γ, g, (S k). iFrame "Hchan Hslot Hr Hown".
  Qed.
End program.

(** ** The three forms *)

Definition forward_exampleΣ : gFunctors :=
  #[heapΣ; forward.invariant.forwardΣ; channelΣ; late_slotΣ].
Definition batch_exampleΣ : gFunctors :=
  #[heapΣ; batch.invariant.batchΣ; channelΣ; late_slotΣ].

(** The programs of the forms. *)
Definition forward_program : program :=
  Program forward.code.new forward.code.push_chain forward.code.pop
    forward.code.park forward.code.unpark.
Definition back_program : program :=
  Program batch.code.new back_linked.code.push_chain (batch.code.pop true)
    batch.code.park batch.code.unpark.
Definition gap_free_program : program :=
  Program batch.code.new gap_free.code.push_chain (batch.code.pop false)
    batch.code.park batch.code.unpark.

(** From any state of the heap, in any interleaving: no thread gets stuck, and if the main
    thread ends, its result is 3. *)
Theorem forward_linked_sum σ :
  adequate NotStuck (sum_by_recv forward_program #()) σ (λ v _, v = #3).
Proof.
  apply (heap_adequacy forward_exampleΣ). iIntros (?) "_".
  by iApply (sum_by_recv_spec forward.form.forward_linked).
Qed.

Theorem back_linked_sum σ :
  adequate NotStuck (sum_by_recv back_program #()) σ (λ v _, v = #3).
Proof.
  apply (heap_adequacy batch_exampleΣ). iIntros (?) "_".
  by iApply (sum_by_recv_spec back_linked.form.back_linked).
Qed.

Theorem gap_free_sum σ :
  adequate NotStuck (sum_by_recv_late gap_free_program #()) σ (λ v _, v = #3).
Proof.
  apply (heap_adequacy batch_exampleΣ). iIntros (?) "_".
  iApply (sum_by_recv_late_spec gap_free.form.gap_free).
Qed.
