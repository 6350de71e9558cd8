(** The slot of a waker that a push takes late (mpsc/src/waking/slot.rs): its four states and two
    cells, and who owns which cell.

    Each cell belongs to one thread at a time, or to the invariant. A push brings a share of a
    permission, and gets it back after it has called the waker that it took. So, if no push is at
    work, the waker that the consumer has left last has been called, or is in the slot. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map mono_nat.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.clients Require Export flags.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

(** ** The state *)

Inductive phase := Free | Filling | Taking | Replaced.
Global Instance phase_inhabited : Inhabited phase := populate Free.
Global Instance phase_eq_dec : EqDecision phase.
Proof. solve_decision. Defined.

Definition phase_code (p : phase) : Z :=
  match p with Free => 0 | Filling => 2 | Taking => 4 | Replaced => 6 end.

(** [b] is the index of the producers' cell. *)
Definition state_code (p : phase) (b : bool) : Z := phase_code p + Z.b2z b.
Global Arguments state_code : simpl never.

Lemma state_code_inj p b p' b' : state_code p b = state_code p' b' → p = p' ∧ b = b'.
Proof. destruct p, b, p', b'; rewrite /state_code /=; auto; lia. Qed.

Lemma state_code_rem p b : (state_code p b `rem` 2)%Z = Z.b2z b.
Proof. by destruct p, b. Qed.

Lemma other_index b : (1 - Z.b2z b)%Z = Z.b2z (negb b).
Proof. by destruct b. Qed.

(** What the consumer knows. [Own b]: the producers' cell is [b], and the other one is the
    consumer's. [Fill b]: both are the consumer's. [Gone b]: the consumer has left its cell to the
    push in the slot, when the producers' cell was [b]. *)
Inductive place := Own (b : bool) | Fill (b : bool) | Gone (b : bool).
Global Instance place_inhabited : Inhabited place := populate (Own false).
Definition is_fill (m : place) : bool := if m is Fill _ then true else false.

Class late_slotG Σ := LateSlotG {
  late_placeG :> ghost_varG Σ (place * nat * option loc);
  late_takerG :> ghost_varG Σ (bool * Qp * option loc);
  late_progressG :> mono_natG Σ;
  late_callsG :> ghost_mapG Σ nat (Qp * loc);
  late_shareG :> ghost_varG Σ unit;
}.
Definition late_slotΣ : gFunctors :=
  #[ghost_varΣ (place * nat * option loc); ghost_varΣ (bool * Qp * option loc); mono_natΣ;
    ghost_mapΣ nat (Qp * loc); ghost_varΣ unit].
Global Instance subG_late_slotΣ {Σ} : subG late_slotΣ Σ → late_slotG Σ.
Proof. solve_inG. Qed.

Record slot_name := SlotName {
  place_name : gname;
  taker_name : gname;
  progress_name : gname;
  late_calls_name : gname;
  share_name : gname;
}.

Section late_slot.
  Context `{!heapGS Σ, !late_slotG Σ} (N : namespace) (slot : loc) (g : slot_name).

  Implicit Types (p : phase) (b : bool) (m : place) (t j : nat) (f : Qp) (flag : loc)
    (cur held : option loc) (dealt : bool) (calls : gmap nat (Qp * loc)).

  Local Notation right_to_wake := (right_to_wake N).

  (** ** What the threads own *)

  Definition cell b : loc := slot +ₗ (1 + Z.b2z b).

  (** A share of the permission to come to the slot. *)
  Definition share f : iProp Σ := ghost_var g.(share_name) f ().

  Definition waker_val held : val :=
    match held with Some flag => SOMEV #flag | None => NONEV end.
  Definition waker_right held : iProp Σ :=
    match held with Some flag => right_to_wake flag | None => True end.

  (** The consumer has left [t] wakers so far, and [cur] is the last one, if it still counts. *)
  Definition consumer_knows m t cur : iProp Σ := ghost_var g.(place_name) (1/2) (m, t, cur).
  Definition consumer_slot m t cur : iProp Σ :=
    consumer_knows m t cur ∗
    match m with
    | Own b => ∃ v, cell (negb b) ↦ v
    | Fill b => (∃ v, cell b ↦ v) ∗ ∃ v, cell (negb b) ↦ v
    | Gone _ => True
    end%I.

  (** The push in the slot: the producers' cell is [b], and [held] was in it. *)
  Definition in_slot b f held : iProp Σ := ghost_var g.(taker_name) (1/2) (b, f, held).

  (** A push that has left the slot with a waker. *)
  Definition to_call f flag : iProp Σ := ∃ i, i ↪[g.(late_calls_name)] (f, flag).

  (** The consumer has left at least [t] wakers. And: a push has come to the slot for waker [t], or
      the consumer has been awake since it left it. *)
  Definition left_upto t : iProp Σ := mono_nat_lb_own g.(progress_name) (2 * t).
  Definition dealt_with t : iProp Σ := mono_nat_lb_own g.(progress_name) (S (2 * t)).

  (** ** The invariant *)

  Definition producers_end p b f held dealt cur : iProp Σ :=
    match p with
    | Free => in_slot b f held ∗ in_slot b f held ∗
        (if dealt then cell b ↦ NONEV
         else ∃ flag, ⌜cur = Some flag⌝ ∗ cell b ↦ SOMEV #flag ∗ right_to_wake flag)%I
    | Filling => in_slot b f held ∗ in_slot b f held
    | Taking => ⌜dealt = true⌝ ∗ in_slot b f held ∗ share f
    | Replaced => ⌜dealt = true⌝ ∗ in_slot b f held ∗ share f ∗
        ∃ flag, ⌜cur = Some flag⌝ ∗ cell (negb b) ↦ SOMEV #flag ∗ right_to_wake flag
    end.

  Definition consumers_end p b m dealt cur : iProp Σ :=
    match m with
    | Own i => ⌜b = i ∧ (p = Free ∨ p = Taking)⌝
    | Fill i => ⌜b = i ∧ p = Filling ∧ dealt = true ∧ cur = None⌝
    | Gone i => ⌜b = i ∧ p = Replaced⌝ ∨
        ⌜b = negb i ∧ (p = Free ∨ p = Taking)⌝ ∗ ∃ v, cell i ↦ v
    end.

  (** Where the waker is that the consumer has left last: in the slot, for any push to take; with a
      push that is about to call it; or it has been called. *)
  Definition last_waker p held dealt cur calls : iProp Σ :=
    match cur with
    | None => ⌜dealt = true⌝
    | Some flag =>
        (if dealt then
           ⌜p = Replaced ∨ p = Taking ∧ held = Some flag ∨ ∃ i f, calls !! i = Some (f, flag)⌝ ∨
           flag ↦□ #true
         else ⌜p = Free⌝)%I
    end.

  Definition parts p b : iProp Σ :=
    ∃ m t cur dealt f held calls,
      consumer_knows m t cur ∗
      mono_nat_auth_own g.(progress_name) 1 (if dealt then S (2 * t) else 2 * t) ∗
      ghost_map_auth g.(late_calls_name) 1 calls ∗
      ([∗ map] fl ∈ calls, share fl.1) ∗
      producers_end p b f held dealt cur ∗
      consumers_end p b m dealt cur ∗
      last_waker p held dealt cur calls.

  Definition slot_inv : iProp Σ := ∃ p b, slot ↦ #(state_code p b) ∗ parts p b.
  Definition is_slot : iProp Σ := inv (N .@ "slot") slot_inv.

  (** ** The steps *)

  Lemma take_from_spec b v :
    {{{ cell b ↦ v }}} take_from #slot #(Z.b2z b) {{{ RET v; cell b ↦ NONEV }}}.
  Proof.
    iIntros (Φ) "Hcell HΦ". wp_lam. wp_pures. rewrite -/(cell b). wp_load. wp_pures. wp_store.
    by iApply "HΦ".
  Qed.

  Lemma put_spec b v w :
    {{{ cell b ↦ v }}} put #slot #(Z.b2z b) w {{{ RET #(); cell b ↦ w }}}.
  Proof.
    iIntros (Φ) "Hcell HΦ". wp_lam. wp_pures. rewrite -/(cell b). wp_store. by iApply "HΦ".
  Qed.

  (** A compare-exchange of the state. *)
  Lemma cas_spec p b p' b' (Φ : val → iProp Σ) :
    is_slot -∗
    ((parts p b ={⊤ ∖ ↑N .@ "slot"}=∗ parts p' b' ∗ Φ #true) ∧
     (∀ q c, ⌜(q, c) ≠ (p, b)⌝ -∗ parts q c ={⊤ ∖ ↑N .@ "slot"}=∗ parts q c ∗ Φ #false)) -∗
    WP CAS #slot #(state_code p b) #(state_code p' b') {{ Φ }}.
  Proof.
    iIntros "#Hinv Hstep". wp_bind (CmpXchg _ _ _).
    iInv "Hinv" as (q c) "[>Hslot Hparts]". wp_cmpxchg as Heq|Hne.
    - injection Heq as [-> ->]%state_code_inj.
      iDestruct "Hstep" as "[Hstep _]". iMod ("Hstep" with "Hparts") as "[Hparts HΦ]".
      iModIntro. iSplitR "HΦ"; first by (iNext; iExists p', b'; iFrame). by wp_pures.
    - iDestruct "Hstep" as "[_ Hstep]".
      iMod ("Hstep" with "[%] Hparts") as "[Hparts HΦ]"; first by intros [= -> ->].
      iModIntro. iSplitR "HΦ"; first by (iNext; iExists q, c; iFrame). by wp_pures.
  Qed.

  (** [change] from [FREE]. *)
  Lemma change_spec p' i (Φ : val → iProp Σ) :
    is_slot -∗
    ((∀ b, parts Free b ={⊤ ∖ ↑N .@ "slot"}=∗ parts p' b ∗ Φ (InjLV #(Z.b2z b))) ∧
     (∀ p b, ⌜p ≠ Free⌝ -∗ parts p b ={⊤ ∖ ↑N .@ "slot"}=∗
        parts p b ∗ Φ (InjRV #(state_code p b)))) -∗
    WP change #slot FREE #(phase_code p') #(Z.b2z i) {{ Φ }}.
  Proof.
    iIntros "#Hinv Hstep". iLöb as "IH" forall (i). wp_lam. wp_pures.
    wp_bind (CmpXchg _ _ _). iInv "Hinv" as (p b) "[>Hslot Hparts]".
    wp_cmpxchg as Heq|Hne.
    - injection Heq as [-> ->]%(state_code_inj _ _ Free).
      iDestruct "Hstep" as "[Hstep _]". iMod ("Hstep" with "Hparts") as "[Hparts HΦ]".
      iModIntro. iSplitR "HΦ"; first by (iNext; iExists p', i; iFrame). by wp_pures.
    - destruct (decide (p = Free)) as [->|Hp].
      + iModIntro. iSplitL "Hslot Hparts"; first by (iNext; iExists Free, b; iFrame).
        wp_pures. rewrite state_code_rem /state_code /= Z.add_0_l Z.sub_diag. wp_pures.
        iApply ("IH" with "Hstep").
      + iDestruct "Hstep" as "[_ Hstep]".
        iMod ("Hstep" with "[//] Hparts") as "[Hparts HΦ]".
        iModIntro. iSplitR "HΦ"; first by (iNext; iExists p, b; iFrame).
        wp_pures. rewrite state_code_rem bool_decide_false; first by wp_pures.
        intros [= H]. by destruct p, b.
  Qed.

  (** ** The push *)

  (** A push has come to the slot. What was in the producers' cell is its own. *)
  Lemma start_taking b f j :
    share f -∗ left_upto j -∗ parts Free b ==∗
    ∃ held, parts Taking b ∗ dealt_with j ∗
      in_slot b f held ∗ cell b ↦ waker_val held ∗ waker_right held.
  Proof.
    iIntros "Hshare #Hj". iIntros "(%m & %t & %cur & %dealt & %f' & %held' & %calls & Hknows & Ht &
      Hcalls & Hshares & (Htaker & Htaker' & Hcell) & Hm & Hlast)".
    iDestruct (mono_nat_lb_own_valid with "Ht Hj") as %[_ Hj].
    iMod (mono_nat_own_update (S (2 * t)) with "Ht") as "[Ht Hlb]"; first by destruct dealt; lia.
    iDestruct (mono_nat_lb_own_le (S (2 * j)) with "Hlb") as "Hdealt"; first by destruct dealt; lia.
    set (held := if dealt then None else cur).
    iMod (ghost_var_update_halves (b, f, held) with "Htaker Htaker'") as "[Htaker Htaker']".
    iExists held. iFrame "Hdealt Htaker'".
    iAssert (⌜dealt = true⌝ ∨ ∃ flag, ⌜dealt = false ∧ cur = Some flag⌝)%I as %Hdealt.
    { destruct dealt; first by iLeft. iDestruct "Hcell" as (flag) "[%Hcur _]".
      iRight. by iExists flag. }
    iModIntro. iSplitR "Hcell".
    - iExists m, t, cur, true, f, held, calls. iFrame "Hknows Ht Hcalls Hshares".
      iSplitL "Htaker Hshare"; first by iFrame. iSplitL "Hm".
      { destruct m as [i|i|i]; simpl.
        - iDestruct "Hm" as %[-> _]. iPureIntro. auto.
        - by iDestruct "Hm" as %(_ & ? & _).
        - iDestruct "Hm" as "[%|[[%Hi _] Hi]]"; first naive_solver. iRight. iFrame. auto. }
      destruct cur as [flag|]; last done. destruct Hdealt as [->|(flag' & -> & [= <-])]; simpl.
      + iDestruct "Hlast" as "[%Hlast|Hset]"; [iLeft|by iRight]. iPureIntro. naive_solver.
      + iLeft. iPureIntro. naive_solver.
    - subst held. destruct dealt; simpl; first by iFrame.
      iDestruct "Hcell" as (flag) "(-> & Hcell & Hright)". by iFrame.
  Qed.

  (** A push finds the slot in use. Then it need not wake the consumer. *)
  Lemma not_free_dealt p b j :
    p ≠ Free → left_upto j -∗ parts p b -∗ parts p b ∗ dealt_with j.
  Proof.
    iIntros (Hp) "#Hj". iIntros "(%m & %t & %cur & %dealt & %f & %held & %calls & Hknows & Ht &
      Hcalls & Hshares & Hpush & Hm & Hlast)".
    iAssert ⌜dealt = true⌝%I as %->.
    { destruct p; simpl; first done.
      - destruct m as [i|i|i]; simpl; [iDestruct "Hm" as %[_ [|]]; done
          |by iDestruct "Hm" as %(_ & _ & -> & _)
          |iDestruct "Hm" as "[[_ %]|[[_ [%|%]] _]]"; done].
      - by iDestruct "Hpush" as "[-> _]".
      - by iDestruct "Hpush" as "[-> _]". }
    iDestruct (mono_nat_lb_own_valid with "Ht Hj") as %[_ Hj].
    iDestruct (mono_nat_lb_own_get with "Ht") as "#Hlb".
    iDestruct (mono_nat_lb_own_le (S (2 * j)) with "Hlb") as "$"; first lia.
    iExists m, t, cur, true, f, held, calls. iFrame.
  Qed.

  (** What a push has when it leaves the slot. *)
  Definition took f (v : val) : iProp Σ :=
    (⌜v = NONEV⌝ ∗ share f) ∨ ∃ flag, ⌜v = SOMEV #flag⌝ ∗ to_call f flag ∗ right_to_wake flag.

  (** [TAKING] → [FREE] *)
  Lemma leave_slot b f held :
    in_slot b f held -∗ cell b ↦ NONEV -∗ waker_right held -∗ parts Taking b ==∗
    parts Free b ∗ took f (waker_val held).
  Proof.
    iIntros "Htaker Hcell Hright". iIntros "(%m & %t & %cur & %dealt & %f' & %held' & %calls &
      Hknows & Ht & Hcalls & Hshares & (-> & Htaker' & Hshare) & Hm & Hlast)".
    iDestruct (ghost_var_agree with "Htaker Htaker'") as %[= <- <-].
    iAssert (consumers_end Free b m true cur) with "[Hm]" as "Hm".
    { destruct m as [i|i|i]; simpl.
      - iDestruct "Hm" as %[-> _]. iPureIntro. auto.
      - by iDestruct "Hm" as %(_ & ? & _).
      - iDestruct "Hm" as "[[_ %]|[[%Hi _] Hi]]"; first done. iRight. iFrame. auto. }
    destruct held as [flag|].
    - pose proof (is_fresh (dom calls)) as Hfresh. set (i := fresh (dom calls)) in *.
      apply not_elem_of_dom in Hfresh.
      iMod (ghost_map_insert i (f, flag) with "Hcalls") as "[Hcalls Hcall]"; first done.
      iModIntro. iSplitR "Hcall Hright".
      + iExists m, t, cur, true, f, _, (<[i:=(f, flag)]> calls). iFrame "Hknows Ht Hcalls Hm".
        rewrite big_sepM_insert //. iFrame. destruct cur as [flag'|]; last done. simpl.
        iDestruct "Hlast" as "[%Hlast|Hset]"; [iLeft|by iRight]. iPureIntro. right; right.
        destruct Hlast as [?|[[_ [= <-]]|(i' & f' & Hi')]]; first done.
        * exists i, f. by rewrite lookup_insert.
        * exists i', f'. rewrite lookup_insert_ne //. congruence.
      + iRight. iExists flag. iFrame "Hright". iSplit; first done. by iExists i.
    - iModIntro. iSplitR "Hshare"; last (iLeft; by iFrame).
      iExists m, t, cur, true, f, _, calls. iFrame. destruct cur as [flag'|]; last done. simpl.
      iDestruct "Hlast" as "[%Hlast|Hset]"; [iLeft|by iRight]. iPureIntro. naive_solver.
  Qed.

  (** [REPLACED] → [TAKING]: the push takes the other waker instead of the one that it had, and
      leaves that one to the consumer. *)
  Lemma exchange_cells b f held v :
    in_slot b f held -∗ cell b ↦ v -∗ parts Replaced b ==∗
    parts Taking (negb b) ∗
    ∃ flag, in_slot (negb b) f (Some flag) ∗ cell (negb b) ↦ SOMEV #flag ∗ right_to_wake flag.
  Proof.
    iIntros "Htaker Hcell". iIntros "(%m & %t & %cur & %dealt & %f' & %held' & %calls &
      Hknows & Ht & Hcalls & Hshares & (-> & Htaker' & Hshare & %flag & -> & Hother & Hright) & Hm &
      Hlast)".
    iDestruct (ghost_var_agree with "Htaker Htaker'") as %[= <- <-].
    iMod (ghost_var_update_halves (negb b, f, Some flag) with "Htaker Htaker'")
      as "[Htaker Htaker']".
    iModIntro. iSplitR "Htaker Hother Hright"; last (iExists flag; by iFrame).
    iExists m, t, (Some flag), true, f, (Some flag), calls. iFrame "Hknows Ht Hcalls Hshares".
    iSplitL "Htaker' Hshare"; first by iFrame.
    iSplitL "Hm Hcell"; last (iLeft; iPureIntro; auto).
    destruct m as [i|i|i]; simpl.
    - by iDestruct "Hm" as %[_ [|]].
    - by iDestruct "Hm" as %(_ & ? & _).
    - iDestruct "Hm" as "[[-> _]|[[_ [%|%]] _]]"; [|done..]. iRight. iSplit; first by auto.
      by iExists v.
  Qed.

  Lemma take_late_from_spec b f held :
    is_slot -∗
    {{{ in_slot b f held ∗ cell b ↦ waker_val held ∗ waker_right held }}}
      take_late_from #slot #(Z.b2z b)
    {{{ v, RET v; took f v }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "(Htaker & Hcell & Hright) HΦ". iLöb as "IH" forall (b held).
    wp_lam. wp_pures. wp_apply (take_from_spec with "Hcell"). iIntros "Hcell". wp_pures.
    wp_apply (cas_spec Taking b Free b with "Hinv"). iSplit.
    { iIntros "Hparts".
      iMod (leave_slot with "Htaker Hcell Hright Hparts") as "[$ Htook]".
      iModIntro. wp_pures. by iApply "HΦ". }
    iIntros (q c _) "$ !>". wp_pures. wp_apply (put_spec with "Hcell"). iIntros "Hcell".
    wp_pures. rewrite other_index.
    wp_apply (cas_spec Replaced b Taking (negb b) with "Hinv"). iSplit.
    - iIntros "Hparts". iMod (exchange_cells with "Htaker Hcell Hparts") as "[$ H]".
      iClear "Hright". iDestruct "H" as (flag) "(Htaker & Hcell & Hright)". iModIntro. wp_pures.
      iApply ("IH" $! (negb b) (Some flag) with "Htaker Hcell Hright HΦ").
    - iIntros (q' c' _) "$ !>". wp_pures. iApply ("IH" with "Htaker Hcell Hright HΦ").
  Qed.

  (** A push whose duty is to wake the consumer that has left waker [j]. It may come late, and get
      another waker, or none. In each case, [j] is dealt with. *)
  Lemma take_late_spec f j :
    is_slot -∗
    {{{ share f ∗ left_upto j }}} take_late #slot {{{ v, RET v; dealt_with j ∗ took f v }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "[Hshare #Hj] HΦ". wp_lam.
    wp_apply (change_spec Taking false with "Hinv"). iSplit.
    - iIntros (b) "Hparts". iMod (start_taking with "Hshare Hj Hparts") as (held) "[$ H]".
      iDestruct "H" as "(#Hdealt & Htaker & Hcell & Hright)". iModIntro. wp_pures.
      wp_apply (take_late_from_spec with "Hinv [$Htaker $Hcell $Hright]").
      iIntros (v) "Htook". iApply "HΦ". by iFrame "Hdealt Htook".
    - iIntros (p b Hp) "Hparts".
      iDestruct (not_free_dealt with "Hj Hparts") as "[$ #Hdealt]"; first done.
      iModIntro. wp_pures. iApply "HΦ". iFrame "Hdealt". iLeft. by iFrame.
  Qed.

  (** The push has called the waker that it took. *)
  Lemma call_done f flag : is_slot -∗ to_call f flag -∗ flag ↦□ #true ={⊤}=∗ share f.
  Proof.
    iIntros "#Hinv [%i Hcall] #Hset".
    iInv "Hinv" as (p b) "[>Hslot (%m & %t & %cur & %dealt & %f' & %held & %calls & >Hknows & >Ht &
      >Hcalls & >Hshares & Hpush & Hm & Hlast)]".
    iDestruct (ghost_map_lookup with "Hcalls Hcall") as %Hi.
    iMod (ghost_map_delete with "Hcalls Hcall") as "Hcalls".
    iDestruct (big_sepM_delete with "Hshares") as "[Hshare Hshares]"; first done.
    iFrame "Hshare". iModIntro. iSplitL; last done. iNext. iExists p, b. iFrame "Hslot".
    iExists m, t, cur, dealt, f', held, (delete i calls). iFrame.
    destruct cur as [flag'|], dealt; try done. simpl.
    iDestruct "Hlast" as "[%Hlast|Hset']"; last by iRight.
    destruct (decide (flag' = flag)) as [->|Hne]; first by iRight.
    iLeft. iPureIntro. destruct Hlast as [?|[?|(i' & f'' & Hi')]]; [by auto..|]. right; right.
    exists i', f''. rewrite lookup_delete_ne //. congruence.
  Qed.

  (** If no push is at work, the waker that the consumer has left last has been called, if a push
      has come for it. *)
  Lemma last_waker_called m t flag :
    is_slot -∗ consumer_knows m t (Some flag) -∗ dealt_with t -∗ share 1 ={⊤}=∗
    consumer_knows m t (Some flag) ∗ share 1 ∗ flag ↦□ #true.
  Proof.
    iIntros "#Hinv Hknows #Hdealt Hshare".
    iInv "Hinv" as (p b) "[>Hslot (%m' & %t' & %cur & %dealt & %f & %held & %calls & >Hknows' &
      >Ht & >Hcalls & >Hshares & Hpush & Hm & Hlast)]".
    iDestruct (ghost_var_agree with "Hknows Hknows'") as %[= <- <- <-].
    iDestruct (mono_nat_lb_own_valid with "Ht Hdealt") as %[_ Ht].
    destruct dealt; last lia. simpl. iDestruct "Hlast" as "[>%Hlast|>#Hset]"; last first.
    { iModIntro. iSplitR "Hknows Hshare"; last by iFrame "Hknows Hshare Hset".
      iNext. iExists p, b. iFrame "Hslot".
      iExists m, t, (Some flag), true, f, held, calls. iFrame. by iRight. }
    iAssert (◇ ∃ f', share f')%I with "[Hpush Hshares]" as ">[%f' Hshare']".
    { destruct Hlast as [->|[[-> _]|(i & f' & Hi)]]; simpl.
      - iDestruct "Hpush" as "(_ & _ & >H & _)". iModIntro. by iExists f.
      - iDestruct "Hpush" as "(_ & _ & >H)". iModIntro. by iExists f.
      - iDestruct (big_sepM_lookup with "Hshares") as "H"; first done. iModIntro. by iExists f'. }
    by iDestruct (ghost_var_valid_2 with "Hshare Hshare'") as %[?%Qp.not_add_le_l _].
  Qed.

  (** ** The consumer *)

  (** [FREE] → [FILLING] *)
  Lemma start_filling b m t cur :
    is_fill m = false →
    consumer_slot m t cur -∗ parts Free b ==∗ parts Filling b ∗ consumer_slot (Fill b) t None.
  Proof.
    iIntros (Hm') "[Hknows Hown]". iIntros "(%m' & %t' & %cur' & %dealt & %f & %held & %calls &
      Hknows' & Ht & Hcalls & Hshares & (Htaker & Htaker' & Hcell) & Hm & Hlast)".
    iDestruct (ghost_var_agree with "Hknows Hknows'") as %[= <- <- <-].
    iMod (ghost_var_update_halves (Fill b, t, None) with "Hknows Hknows'") as "[Hknows Hknows']".
    iMod (mono_nat_own_update (S (2 * t)) with "Ht") as "[Ht _]"; first by destruct dealt; lia.
    iModIntro. iSplitR "Hknows Hcell Hown Hm".
    { iExists (Fill b), t, None, true, f, held, calls. by iFrame. }
    iFrame "Hknows". iSplitL "Hcell".
    { destruct dealt; first by iExists _. iDestruct "Hcell" as (flag) "(_ & Hcell & _)".
      by iExists _. }
    destruct m as [i|i|i]; simpl; [by iDestruct "Hm" as %[-> _]|done|].
    iDestruct "Hm" as "[[_ %]|[[-> _] Hm]]"; first done. by rewrite negb_involutive.
  Qed.

  (** The consumer finds a push in the slot. It gets its cell back, if it had left it to a push
      that has taken the waker from it. *)
  Lemma find_taking b m t cur :
    is_fill m = false →
    consumer_slot m t cur -∗ parts Taking b ==∗ parts Taking b ∗ consumer_slot (Own b) t None.
  Proof.
    iIntros (Hm') "[Hknows Hown]". iIntros "(%m' & %t' & %cur' & %dealt & %f & %held & %calls &
      Hknows' & Ht & Hcalls & Hshares & (-> & Hpush) & Hm & Hlast)".
    iDestruct (ghost_var_agree with "Hknows Hknows'") as %[= <- <- <-].
    iMod (ghost_var_update_halves (Own b, t, None) with "Hknows Hknows'") as "[Hknows Hknows']".
    iModIntro. iSplitR "Hknows Hown Hm".
    { iExists (Own b), t, None, true, f, held, calls. iFrame "Hknows' Ht Hcalls Hshares". simpl.
      iSplitL "Hpush"; first by iFrame. iPureIntro. auto. }
    iFrame "Hknows". destruct m as [i|i|i]; simpl; [by iDestruct "Hm" as %[-> _]|done|].
    iDestruct "Hm" as "[[_ %]|[[-> _] Hm]]"; first done. by rewrite negb_involutive.
  Qed.

  (** [REPLACED] → [TAKING]: the consumer takes its waker back. *)
  Lemma take_back b m t cur :
    is_fill m = false →
    consumer_slot m t cur -∗ parts Replaced b ==∗ parts Taking b ∗
    consumer_knows (Own b) t None ∗ ∃ v, cell (negb b) ↦ v.
  Proof.
    iIntros (Hm') "[Hknows _]". iIntros "(%m' & %t' & %cur' & %dealt & %f & %held & %calls &
      Hknows' & Ht & Hcalls & Hshares & (-> & Htaker & Hshare & %flag & _ & Hcell & _) & _ & _)".
    iDestruct (ghost_var_agree with "Hknows Hknows'") as %[= <- <- <-].
    iMod (ghost_var_update_halves (Own b, t, None) with "Hknows Hknows'") as "[Hknows Hknows']".
    iModIntro. iSplitR "Hknows Hcell"; last (iFrame; by iExists _).
    iExists (Own b), t, None, true, f, held, calls. iFrame "Hknows' Ht Hcalls Hshares". simpl.
    iSplitL "Htaker Hshare"; first by iFrame. iPureIntro. auto.
  Qed.

  Lemma lock_spec m t cur :
    is_fill m = false →
    is_slot -∗
    {{{ consumer_slot m t cur }}} lock #slot
    {{{ v, RET v; ∃ b, ⌜v = InjLV #(Z.b2z b)⌝ ∗ consumer_slot (Fill b) t None ∨
        ⌜v = InjRV #(Z.b2z b)⌝ ∗ consumer_slot (Own b) t None }}}.
  Proof.
    iIntros (Hm) "#Hinv !>". iIntros (Φ) "Hm HΦ". iLöb as "IH".
    wp_lam. wp_apply (change_spec Filling false with "Hinv"). iSplit.
    { iIntros (b) "Hparts". iMod (start_filling with "Hm Hparts") as "[$ Hm]"; first done.
      iModIntro. wp_pures. iApply "HΦ". iExists b. iLeft. by iFrame. }
    iIntros (p b Hp) "Hparts". destruct (decide (p = Taking)) as [->|Hp'].
    { iMod (find_taking with "Hm Hparts") as "[$ Hm]"; first done. iModIntro. wp_pures.
      rewrite state_code_rem. wp_pures. rewrite bool_decide_true //. wp_pures.
      iApply "HΦ". iExists b. iRight. by iFrame. }
    iModIntro. iFrame "Hparts". wp_pures. rewrite state_code_rem. wp_pures.
    rewrite bool_decide_false; last first.
    { intros [= [-> _]%(state_code_inj _ _ Taking)]. done. }
    wp_pures. wp_lam. wp_pures. wp_apply (cas_spec Replaced b Taking b with "Hinv"). iSplit.
    - iIntros "Hparts". iMod (take_back with "Hm Hparts") as "($ & Hm & %v & Hcell)"; first done.
      iModIntro. wp_pures. rewrite other_index. wp_apply (take_from_spec with "Hcell").
      iIntros "Hcell". wp_pures. iModIntro. iApply "HΦ". iExists b. iRight. iSplit; first done.
      iFrame. by iExists _.
    - iIntros (q c _) "$ !>". wp_pures. iApply ("IH" with "Hm HΦ").
  Qed.

  (** [FILLING] → [FREE], with a waker or without one *)
  Lemma unlock_spec b t (waker : option loc) :
    is_slot -∗
    {{{ consumer_knows (Fill b) t None ∗ cell b ↦ waker_val waker ∗ waker_right waker ∗
        ∃ v, cell (negb b) ↦ v }}}
      unlock #slot #(Z.b2z b)
    {{{ RET #(); let t' := if waker is Some _ then S t else t in
        consumer_slot (Own b) t' waker ∗ left_upto t' }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "(Hknows & Hcell & Hright & Hother) HΦ". wp_lam. wp_pures.
    iInv "Hinv" as (p c) "[>Hslot (%m' & %t' & %cur' & %dealt & %f & %held & %calls & >Hknows' &
      >Ht & >Hcalls & >Hshares & Hpush & Hm & _)]".
    iDestruct (ghost_var_agree with "Hknows Hknows'") as %[= <- <- <-]. wp_store.
    iDestruct "Hm" as %(-> & -> & -> & _). iDestruct "Hpush" as "[Htaker Htaker']".
    set (t' := if waker is Some _ then S t else t). set (d := if waker then false else true).
    iMod (ghost_var_update_halves (Own b, t', waker) with "Hknows Hknows'") as "[Hknows Hknows']".
    iMod (mono_nat_own_update (if d then S (2 * t') else 2 * t') with "Ht") as "[Ht #Hlb]".
    { subst d t'. destruct waker; simpl; lia. }
    iDestruct (mono_nat_lb_own_le (2 * t') with "Hlb") as "Hleft"; first by destruct d; lia.
    iModIntro. iSplitR "Hknows Hother HΦ".
    - iNext. iExists Free, b. iFrame "Hslot".
      iExists (Own b), t', waker, d, f, held, calls. iFrame "Hknows' Ht Hcalls Hshares".
      iSplitL; last by (subst d; destruct waker; simpl; auto).
      iFrame "Htaker Htaker'". subst d. destruct waker as [flag|]; simpl; last done.
      iExists flag. by iFrame.
    - iApply "HΦ". by iFrame "Hknows Hother Hleft".
  Qed.

  (** [TAKING] → [REPLACED] *)
  Lemma replace_spec b t flag :
    is_slot -∗
    {{{ consumer_slot (Own b) t None ∗ right_to_wake flag }}}
      replace #slot #(Z.b2z b) #flag
    {{{ v, RET v;
        ⌜v = InjLV #()⌝ ∗ consumer_slot (Gone b) (S t) (Some flag) ∗ left_upto (S t) ∗
          dealt_with (S t) ∨
        ⌜v = InjRV #flag⌝ ∗ consumer_slot (Own b) t None ∗ right_to_wake flag }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "[[Hknows [%v Hcell]] Hright] HΦ". wp_lam. wp_pures.
    rewrite other_index. wp_apply (put_spec with "Hcell"). iIntros "Hcell". wp_pures.
    wp_apply (cas_spec Taking b Replaced b with "Hinv"). iSplit.
    - iIntros "(%m' & %t' & %cur' & %dealt & %f & %held & %calls & Hknows' & Ht & Hcalls &
        Hshares & (-> & Htaker & Hshare) & Hm & _)".
      iDestruct (ghost_var_agree with "Hknows Hknows'") as %[= <- <- <-].
      iMod (ghost_var_update_halves (Gone b, S t, Some flag) with "Hknows Hknows'")
        as "[Hknows Hknows']".
      iMod (mono_nat_own_update (S (2 * S t)) with "Ht") as "[Ht #Hlb]"; first lia.
      iDestruct (mono_nat_lb_own_le (2 * S t) with "Hlb") as "Hleft"; first lia.
      iModIntro. iSplitR "Hknows HΦ".
      + iExists (Gone b), (S t), (Some flag), true, f, held, calls. iFrame.
        iSplitL; last (iSplitL; [iLeft|iLeft]; iPureIntro; auto). iSplit; first done.
        iExists flag. by iFrame.
      + wp_pures. iApply "HΦ". iLeft. by iFrame "Hknows Hlb Hleft".
    - iIntros (q c _) "$ !>". wp_pures. wp_apply (take_from_spec with "Hcell").
      iIntros "Hcell". wp_pures. iModIntro. iApply "HΦ". iRight. iFrame. iSplit; first done.
      by iExists _.
  Qed.

  (** The consumer leaves a waker. If a push is in the slot, it is to call it ([#false]).
      Otherwise it is there for the push that replaces the mark. *)
  Lemma fill_late_spec m t cur flag :
    is_fill m = false →
    is_slot -∗
    {{{ consumer_slot m t cur ∗ right_to_wake flag }}} fill_late #slot #flag
    {{{ (b : bool), RET #b; ∃ m', ⌜is_fill m' = false⌝ ∗ consumer_slot m' (S t) (Some flag) ∗
        left_upto (S t) ∗ if b then True else dealt_with (S t) }}}.
  Proof.
    iIntros (Hm) "#Hinv !>". iIntros (Φ) "[Hm Hright] HΦ". iLöb as "IH" forall (m cur Hm).
    wp_lam. wp_pures. wp_apply (lock_spec with "Hinv Hm"); first done.
    iIntros (v) "(%b & [[-> Hm]|[-> Hm]])"; wp_pures.
    - iDestruct "Hm" as "(Hknows & [%x Hcell] & [%y Hother])".
      wp_apply (take_from_spec with "Hcell"). iIntros "Hcell". wp_pures. rewrite other_index.
      wp_apply (take_from_spec with "Hother"). iIntros "Hother". wp_pures.
      wp_apply (put_spec with "Hcell"). iIntros "Hcell". wp_pures.
      wp_apply (unlock_spec b t (Some flag) with "Hinv [$Hknows $Hcell $Hright Hother]").
      { by iExists _. }
      iIntros "[Hm #Hleft]". wp_pures. iApply "HΦ". iExists (Own b). by iFrame "Hm Hleft".
    - wp_apply (replace_spec with "Hinv [$Hm $Hright]").
      iIntros (v) "[(-> & Hm & #Hleft & #Hdealt)|(-> & Hm & Hright)]"; wp_pures.
      + iApply "HΦ". iExists (Gone b). by iFrame "Hm Hleft Hdealt".
      + by iApply ("IH" with "[%] Hm Hright HΦ").
  Qed.

  (** The consumer empties the slot, unless a push is there. *)
  Lemma clear_late_spec m t cur :
    is_fill m = false →
    is_slot -∗
    {{{ consumer_slot m t cur }}} clear_late #slot {{{ b, RET #(); consumer_slot (Own b) t None }}}.
  Proof.
    iIntros (Hm) "#Hinv !>". iIntros (Φ) "Hm HΦ". wp_lam.
    wp_apply (lock_spec with "Hinv Hm"); first done.
    iIntros (v) "(%b & [[-> Hm]|[-> Hm]])"; wp_pures; last by iApply "HΦ".
    iDestruct "Hm" as "(Hknows & [%x Hcell] & [%y Hother])".
    wp_apply (take_from_spec with "Hcell"). iIntros "Hcell". wp_pures. rewrite other_index.
    wp_apply (take_from_spec with "Hother"). iIntros "Hother". wp_pures.
    wp_apply (unlock_spec b t None with "Hinv [$Hknows $Hcell Hother]").
    { iSplit; first done. by iExists _. }
    iIntros "[Hm _]". by iApply "HΦ".
  Qed.
End late_slot.

(** A new slot is empty. *)
Lemma new_late_slot_spec `{!heapGS Σ, !late_slotG Σ} (N : namespace) :
  {{{ True }}} new_late_slot #()
  {{{ slot g, RET #slot;
      is_slot N slot g ∗ consumer_slot slot g (Own false) 0 None ∗ share g 1 }}}.
Proof.
  iIntros (Φ) "_ HΦ". wp_lam. wp_alloc slot as "Hslot"; first done.
  iDestruct (array_cons with "Hslot") as "[Hstate Hcells]".
  iDestruct (array_cons with "Hcells") as "[Hcell Hcells]".
  iDestruct (array_cons with "Hcells") as "[Hother _]". rewrite loc_add_assoc.
  wp_pures. wp_store.
  iMod (ghost_var_alloc (Own false, 0, None : option loc)) as (γp) "[Hknows Hknows']".
  iMod (ghost_var_alloc (false, 1%Qp, None : option loc)) as (γt) "[Htaker Htaker']".
  iMod (mono_nat_own_alloc 1) as (γg) "[Ht _]".
  iMod (ghost_map_alloc_empty (K:=nat) (V:=Qp * loc)) as (γc) "Hcalls".
  iMod (ghost_var_alloc ()) as (γs) "Hshare".
  set (g := SlotName γp γt γg γc γs).
  iMod (inv_alloc (N .@ "slot") _ (slot_inv N slot g)
    with "[Hstate Hcell Hknows' Htaker Htaker' Ht Hcalls]") as "#Hinv".
  { iNext. iExists Free, false. iFrame "Hstate".
    iExists (Own false), 0, None, true, 1%Qp, None, ∅. rewrite big_sepM_empty.
    iFrame. auto. }
  iModIntro. iApply ("HΦ" $! slot g). iFrame "Hinv Hknows Hshare". by iExists _.
Qed.
