(** What the user gets from a queue that is closed: each item is either received or handed back.

    This file uses nothing but the record [closable_mpsc]. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.unstable.base_logic Require Import mono_list.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export closing.
From mpsc_proof.clients Require Export programs.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Class endingG Σ := EndingG {
  ending_sentG :> mono_listG val Σ;
  ending_endG :> mono_listG nat Σ;
  ending_receivedG :> ghost_varG Σ nat;
}.
Definition endingΣ : gFunctors := #[mono_listΣ val; mono_listΣ nat; ghost_varΣ nat].
Global Instance subG_endingΣ {Σ} : subG endingΣ Σ → endingG Σ.
Proof. solve_inG. Qed.

Record ending_name := EndingName {
  closable_of : closable_name;
  values_name : gname;
  end_name : gname;
  received_name : gname;
}.

(** The program of a form. *)
Definition closable_program_of `{!heapGS Σ, !closingG Σ} (F : closable_mpsc Σ) : program := {|
  new_of := new F;
  push_chain_of := push_chain F;
  pop_of := pop F;
  park_of := park F;
  unpark_of := unpark F;
|}.

(** [Consumer::close] *)
Definition close_consumer (close_of : val) : val := λ: "q", close_of "q".

Section ending.
  Context `{!heapGS Σ, !closingG Σ, !endingG Σ} (F : closable_mpsc Σ) (N : namespace).

  (** [P n v]: what is sent with the item [n] and its value [v]. *)
  Context (P : loc → val → iProp Σ).
  Implicit Types (γ : ending_name) (q n : loc) (k i m : nat) (v : val) (xs : list val)
    (h : list loc) (closed : bool) (f : Qp).

  Local Notation push_item := (programs.push_item (closable_program_of F)).
  Local Notation pop_item := (programs.pop_item (closable_program_of F)).
  Local Notation close_consumer := (close_consumer (close F)).

  Definition content n v : iProp Σ := (n +ₗ 1) ↦ v ∗ P n v.

  (** An item that is in no queue. *)
  Definition item n v : iProp Σ := (∃ next : val, n ↦ next) ∗ content n v.

  (** Push number [i] sent the value [v]. *)
  Definition sent γ i v : iProp Σ := mono_list_idx_own γ.(values_name) i v.

  (** A share of the permission to send. *)
  Definition sender γ f : iProp Σ := producer γ.(closable_of) f.

  (** The consumer, which has received [k] items. *)
  Definition receiver γ q k : iProp Σ :=
    consumer F γ.(closable_of) q k ∗ ghost_var γ.(received_name) (1/2) k.

  (** The queue is closed, and [m] items have been sent to it. Both are final. *)
  Definition ended γ m : iProp Σ :=
    is_closed γ.(closable_of) ∗ mono_list_idx_own γ.(end_name) 0 m.

  Definition ends xs closed : list nat := if closed then [length xs] else [].

  Definition ending_inv γ : iProp Σ :=
    ∃ h xs k parked closed,
      closable γ.(closable_of) h k parked closed ∗
      mono_list_auth_own γ.(values_name) 1 xs ∗
      mono_list_auth_own γ.(end_name) 1 (ends xs closed) ∗
      ([∗ list] n; v ∈ drop k h; drop k xs, content n v) ∗
      ghost_var γ.(received_name) (1/2) k ∗
      ⌜length xs = length h⌝.

  Definition is_ending γ q : iProp Σ :=
    is_closable F (N .@ "queue") γ.(closable_of) q ∗ inv (N .@ "ending") (ending_inv γ).

  Global Instance sent_persistent γ i v : Persistent (sent γ i v).
  Proof. apply _. Qed.
  Global Instance ended_persistent γ m : Persistent (ended γ m).
  Proof. apply _. Qed.

  Lemma closable_is_closed (γ : closable_name) h k parked closed :
    closable γ h k parked closed -∗ ⌜closed = true⌝ -∗ is_closed γ.
  Proof. iIntros "(_ & H & _) ->". by iApply status_is_closed. Qed.

  Lemma new_ending_spec :
    {{{ True }}} new_of (closable_program_of F) #()
    {{{ q γ, RET #q; is_ending γ q ∗ receiver γ q 0 ∗ sender γ 1 }}}.
  Proof.
    iIntros (Φ) "_ HΦ". iApply wp_fupd.
    wp_apply (new_spec _ F (N .@ "queue") with "[//]").
    iIntros (q γq) "(#Hinv & Hq & Hc & Hp)".
    iMod (mono_list_own_alloc ([] : list val)) as (γv) "[Hxs _]".
    iMod (mono_list_own_alloc ([] : list nat)) as (γe) "[He _]".
    iMod (ghost_var_alloc 0) as (γr) "[Hk Hk']".
    pose (γ := EndingName γq γv γe γr).
    iMod (inv_alloc (N .@ "ending") _ (ending_inv γ) with "[Hq Hxs He Hk]") as "#Hend".
    { iNext. iExists [], [], 0, false, false. simpl. by iFrame. }
    iApply ("HΦ" $! q γ). by iFrame "#∗".
  Qed.

  (** A push sends the item, or hands it back. If the queue is known to be closed, it hands it
      back. *)
  Theorem push_or_refuse_spec γ q n v f (known : bool) :
    is_ending γ q -∗ □ (if known then is_closed γ.(closable_of) else True) -∗
    {{{ sender γ f ∗ item n v }}}
      push_item #q #n (λ: <>, #())%V
    {{{ r, RET r; sender γ f ∗
        ((∃ i w, ⌜r = PUSHED w⌝ ∗ ⌜known = false⌝ ∗ sent γ i v) ∨
         ⌜r = REFUSED⌝ ∗ is_closed γ.(closable_of) ∗ item n v) }}}.
  Proof.
    iIntros "#[Hinv Hend] #Hknown !>" (Φ) "(Hp & [%next Hn] & Hcontent) HΦ".
    wp_lam. wp_pures. wp_store. wp_pures. wp_lam. wp_pures.
    iApply (push_chain_spec _ F _ _ _ n n [n] with "Hinv Hp [Hn]"); [done..| |].
    { by rewrite own_chain_single. }
    rewrite /closable_push_commit. iAuIntro.
    iInv "Hend" as (h xs k parked closed) "(>Hq & >Hxs & >He & Hcs & >Hk & >%Hlen)".
    iAssert ⌜k ≤ length h⌝%I as %Hle.
    { iDestruct "Hq" as "[Hq _]". by iDestruct (queue_bounds with "Hq") as %[? _]. }
    iAssert ⌜known = true → closed = true⌝%I as %Hclosed.
    { destruct known; last done.
      by iDestruct (closable_closed with "Hq Hknown") as %[-> _]. }
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hcontent HΦ". iNext.
      iExists h, xs, k, parked, closed. by iFrame. }
    iIntros "Hq". destruct closed.
    - iDestruct (closable_is_closed with "Hq [//]") as "#Hcl".
      iModIntro. iSplitR "Hcontent HΦ".
      { iNext. iExists h, xs, k, false, true. by iFrame. }
      iIntros "Hp [(%next' & Hn & _) _]". iApply "HΦ". iFrame "Hp". iRight. iFrame "Hcl Hcontent".
      iSplit; first done. by iExists next'.
    - iMod (mono_list_auth_own_update_app [v] with "Hxs") as "[Hxs #Hlb]".
      iAssert (sent γ (length xs) v) as "#Hsent".
      { iApply (mono_list_idx_own_get with "Hlb"). by rewrite lookup_app_r // Nat.sub_diag. }
      iModIntro. iSplitR "HΦ".
      { iNext. iExists (h ++ [n]), (xs ++ [v]), k, false, false. iFrame "Hq Hxs He Hk". iSplit.
        - rewrite !drop_app_le; [|lia..]. iApply (big_sepL2_app with "Hcs"). simpl. by iFrame.
        - iPureIntro. rewrite !app_length. simpl. lia. }
      assert (known = false) as -> by by destruct known; [specialize (Hclosed eq_refl)|].
      destruct parked; [wp_pures; iModIntro|]; iIntros "Hp"; iApply "HΦ"; iFrame "Hp"; iLeft;
        iExists (length xs), _; by iFrame "Hsent".
  Qed.

  (** The receiver gets the items in the order of their numbers, and [Closed] only when it has
      received all that will ever be sent. *)
  Theorem pop_until_end_spec γ q k :
    is_ending γ q -∗
    {{{ receiver γ q k }}}
      pop_item #q
    {{{ o, RET (outcome_val o);
        match o with
        | Answer (Item n) => ∃ v, sent γ k v ∗ item n v ∗ receiver γ q (S k)
        | Answer Empty => receiver γ q k
        | Answer Stalled => False
        | Closed => ended γ k ∗ receiver γ q k
        end }}}.
  Proof.
    iIntros "#[Hinv Hend] !>" (Φ) "[Hc Hk'] HΦ".
    rewrite /programs.pop_item. wp_pure _ credit:"Hcredit".
    iApply (pop_spec _ F with "Hinv Hc"). iAuIntro.
    iInv "Hend" as (h xs k' parked closed) "(>Hq & >Hxs & >He & Hcs & >Hk & >%Hlen)".
    iDestruct (ghost_var_agree with "Hk Hk'") as %->.
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hk' HΦ Hcredit". iNext.
      iExists h, xs, k, parked, closed. by iFrame. }
    iIntros (o) "[_ Ho]". destruct o as [[n| |]|]; simpl; last first.
    - iDestruct "Ho" as "[[-> ->] Hq]". iDestruct (closable_is_closed with "Hq [//]") as "#Hcl".
      iAssert (ended γ (length h)) as "#Hended".
      { iFrame "Hcl". iDestruct (mono_list_lb_own_get with "He") as "#Hlb".
        iApply (mono_list_idx_own_get with "Hlb"). by rewrite /ends Hlen. }
      iModIntro. iSplitL "Hq Hxs He Hcs Hk".
      { iNext. iExists h, xs, (length h), parked, true. by iFrame. }
      iIntros "Hc". iApply ("HΦ" $! Closed). by iFrame "∗#".
    - by iDestruct "Ho" as %[].
    - iDestruct "Ho" as "[_ Hq]". iModIntro. iSplitL "Hq Hxs He Hcs Hk".
      { iNext. iExists h, xs, k, parked, closed. by iFrame. }
      iIntros "Hc". iApply ("HΦ" $! (Answer Empty)). by iFrame.
    - iDestruct "Ho" as "(%Hn & Hq & Hlink)".
      destruct (lookup_lt_is_Some_2 xs k) as [v Hv].
      { rewrite Hlen. by eapply lookup_lt_Some. }
      iAssert (sent γ k v) as "#Hsent".
      { iDestruct (mono_list_lb_own_get with "Hxs") as "#Hlb".
        by iApply (mono_list_idx_own_get with "Hlb"). }
      iMod (lc_fupd_elim_later with "Hcredit Hcs") as "Hcs".
      rewrite (drop_S h n) // (drop_S xs v) //. iDestruct "Hcs" as "[Hcontent Hcs]".
      iMod (ghost_var_update_halves (S k) with "Hk Hk'") as "[Hk Hk']".
      iModIntro. iSplitL "Hq Hxs He Hcs Hk".
      { iNext. iExists h, xs, (S k), false, closed. by iFrame. }
      iIntros "Hc". iApply ("HΦ" $! (Answer (Item n))). iExists v. by iFrame "∗#".
  Qed.

  Theorem close_consumer_spec γ q k :
    is_ending γ q -∗
    {{{ receiver γ q k }}} close_consumer #q
    {{{ m, RET #(); ⌜k ≤ m⌝ ∗ ended γ m ∗ receiver γ q k }}}.
  Proof.
    iIntros "#[Hinv Hend] !>" (Φ) "[Hc Hk'] HΦ".
    wp_lam. iApply (close_spec _ F with "Hinv Hc"). iAuIntro.
    iInv "Hend" as (h xs k' parked closed) "(>Hq & >Hxs & >He & Hcs & >Hk & >%Hlen)".
    iDestruct (ghost_var_agree with "Hk Hk'") as %->.
    iAssert ⌜k ≤ length h⌝%I as %Hle.
    { iDestruct "Hq" as "[Hq _]". by iDestruct (queue_bounds with "Hq") as %[? _]. }
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hk' HΦ". iNext. iExists h, xs, k, parked, closed. by iFrame. }
    iIntros "[_ Hq]". iDestruct (closable_is_closed with "Hq [//]") as "#Hcl".
    iAssert (|==> mono_list_auth_own γ.(end_name) 1 (ends xs true))%I with "[He]" as ">He".
    { destruct closed; first done.
      by iMod (mono_list_auth_own_update_app [length xs] with "He") as "[$ _]". }
    iAssert (ended γ (length xs)) as "#Hended".
    { iFrame "Hcl". iDestruct (mono_list_lb_own_get with "He") as "#Hlb".
      by iApply (mono_list_idx_own_get with "Hlb"). }
    iModIntro. iSplitL "Hq Hxs He Hcs Hk".
    { iNext. iExists h, xs, k, false, true. by iFrame. }
    iIntros "Hc". iApply ("HΦ" $! (length xs)). iFrame "∗#". iPureIntro. lia.
  Qed.

  (** What has been sent, or will be, has a number before the end. So a receiver that has got
      [Closed] after [k] items has received each item that was not handed back. *)
  Theorem sent_before_end γ q m i v :
    is_ending γ q -∗ ended γ m -∗ sent γ i v ={⊤}=∗ ⌜i < m⌝.
  Proof.
    iIntros "#[_ Hend] #[Hcl Hm] #Hi".
    iInv "Hend" as (h xs k parked closed) "(>Hq & >Hxs & >He & Hcs & >Hk & >%Hlen)".
    iDestruct (closable_closed with "Hq Hcl") as %[-> ->].
    iDestruct (mono_list_auth_idx_lookup with "He Hm") as %[= <-].
    iDestruct (mono_list_auth_idx_lookup with "Hxs Hi") as %Hi%lookup_lt_Some.
    iModIntro. iSplitL; last done. iNext. iExists h, xs, k, false, true. by iFrame.
  Qed.

  (** The end is one. *)
  Lemma ended_agree γ m m' : ended γ m -∗ ended γ m' -∗ ⌜m = m'⌝.
  Proof.
    iIntros "[_ H] [_ H']". by iDestruct (mono_list_idx_agree with "H H'") as %->.
  Qed.
End ending.
