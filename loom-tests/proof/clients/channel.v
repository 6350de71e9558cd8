(** What the user of a queue gets, in every form: items with their payload, in order and once,
    and the wake-up of a parked consumer.

    This file uses nothing but the record [mpsc], so what it proves holds for each form. *)
From iris.proofmode Require Import proofmode.
From iris.bi.lib Require Import fractional.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.unstable.base_logic Require Import mono_list.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export spec.
From mpsc_proof.clients Require Export programs.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

(** The consumer is awake, or it has parked and left the waker [w]. *)
Inductive status := Awake | Asleep (w : val).
Global Instance status_inhabited : Inhabited status := populate Awake.

Class channelG Σ := ChannelG {
  channel_sentG :> mono_listG (val * bool) Σ;
  channel_statusG :> ghost_varG Σ (nat * status);
  channel_callsG :> ghost_mapG Σ nat (Qp * val);
  channel_sendersG :> ghost_varG Σ unit;
}.
Definition channelΣ : gFunctors :=
  #[mono_listΣ (val * bool); ghost_varΣ (nat * status); ghost_mapΣ nat (Qp * val); ghost_varΣ unit].
Global Instance subG_channelΣ {Σ} : subG channelΣ Σ → channelG Σ.
Proof. solve_inG. Qed.

Record channel_name := ChannelName {
  queue_of : queue_name;
  sent_name : gname;
  status_name : gname;
  calls_name : gname;
  senders_name : gname;
}.

(** The program of a form. *)
Definition program_of `{!heapGS Σ, !queueG Σ} (F : mpsc Σ) : program := {|
  new_of := new F;
  push_chain_of := push_chain F;
  pop_of := pop F;
  park_of := park F;
  unpark_of := unpark F;
|}.

Section channel.
  Context `{!heapGS Σ, !queueG Σ, !channelG Σ} (F : mpsc Σ) (N : namespace).

  (** [P n v]: what is sent with the item [n] and its value [v].
      [Left w]: what the consumer leaves when it parks, for the push that is to wake it.
      [Back]: what that push gives back before the consumer can reach its item, if the form has a
      gap. (Otherwise the consumer can reach the item first.)
      [Woken w]: the waker [w] has been called. *)
  Context (P : loc → val → iProp Σ) (Left : val → iProp Σ) (Back : iProp Σ) (Woken : val → iProp Σ).
  Context `{!∀ w, Persistent (Woken w), !∀ w, Timeless (Woken w)}.

  Implicit Types (γ : channel_name) (q n oldest newest : loc) (on_parked : val) (k i m : nat)
    (st : status) (w v : val) (x : val * bool) (calls : gmap nat (Qp * val)) (h c : list loc).

  Local Notation push_items := (programs.push_items (program_of F)).
  Local Notation push_item := (programs.push_item (program_of F)).
  Local Notation pop_item := (programs.pop_item (program_of F)).
  Local Notation park_consumer := (programs.park_consumer (program_of F)).
  Local Notation unpark_consumer := (programs.unpark_consumer (program_of F)).

  (** ** What the user holds *)

  (** The value lies behind the link. *)
  Definition content n v : iProp Σ := (n +ₗ 1) ↦ v ∗ P n v.

  (** An item that is in no queue. *)
  Definition item n v : iProp Σ := (∃ next, n ↦ next) ∗ content n v.

  (** Push number [i] sent the value [v], and [b] says that it replaced the mark of a parked
      consumer. *)
  Definition sent_at (γs : gname) i v (b : bool) : iProp Σ := mono_list_idx_own γs i (v, b).
  Definition sent γ i v : iProp Σ := ∃ b, sent_at γ.(sent_name) i v b.

  (** At least [m] items have been sent. *)
  Definition sent_upto γ m : iProp Σ := ⌜m = 0⌝ ∨ ∃ i v, ⌜m = S i⌝ ∗ sent γ i v.

  (** A share of the permission to send. *)
  Definition sender_share γ f : iProp Σ := ghost_var γ.(senders_name) f ().
  Definition sender γ f : iProp Σ := producer γ.(queue_of) f ∗ sender_share γ f.

  (** The duty to wake: push number [i] has replaced the mark, and is to call [w]. Its share of
      the permission to send is with the channel until then. *)
  Definition wakeup γ i f w : iProp Σ :=
    producer γ.(queue_of) f ∗ i ↪[γ.(calls_name)] (f, w).

  (** The consumer, which has received [k] items. *)
  Definition receiver γ k st : iProp Σ :=
    consumer F γ.(queue_of) k ∗ ghost_var γ.(status_name) (1/2) (k, st).

  (** ** The invariant of the channel *)

  Definition back_in_gap : iProp Σ := if has_gap F then Back else True%I.

  Definition left_for_receiver (γs : gname) i : iProp Σ :=
    ∃ v (b : bool), sent_at γs i v b ∗ if b then Back else True.

  (** If the consumer sleeps, either its mark is in place, with what it left for its waker; or
      one push has replaced the mark, and this push either still has to wake it or has done so. *)
  Definition sleep γ st (xs : list (val * bool)) k (parked : bool) calls : iProp Σ :=
    match st with
    | Awake => ⌜parked = false⌝
    | Asleep w =>
        (⌜parked = true⌝ ∗ Left w) ∨
        (⌜parked = false⌝ ∗ (∃ v, ⌜xs !! k = Some (v, true)⌝) ∗
         ((∃ f, ⌜calls !! k = Some (f, w)⌝) ∨ ⌜calls !! k = None⌝ ∗ Woken w))
    end.

  Definition contents (h : list loc) (xs : list (val * bool)) : iProp Σ :=
    [∗ list] n; x ∈ h; xs, content n x.1.

  Definition channel_inv γ : iProp Σ :=
    ∃ h xs k parked st calls,
      queue γ.(queue_of) h k parked ∗
      mono_list_auth_own γ.(sent_name) 1 xs ∗
      contents (drop k h) (drop k xs) ∗
      ghost_var γ.(status_name) (1/2) (k, st) ∗
      ghost_map_auth γ.(calls_name) 1 calls ∗
      ([∗ map] i ↦ fw ∈ calls, sender_share γ fw.1) ∗
      sleep γ st xs k parked calls ∗
      ⌜length xs = length h⌝ ∗ ⌜∀ i, length h ≤ i → calls !! i = None⌝.

  Definition is_channel γ q : iProp Σ :=
    is_queue F (N .@ "queue") γ.(queue_of) q (left_for_receiver γ.(sent_name)) ∗
    inv (N .@ "channel") (channel_inv γ).

  Global Instance is_channel_persistent γ q : Persistent (is_channel γ q).
  Proof. apply _. Qed.
  Global Instance sent_persistent γ i v : Persistent (sent γ i v).
  Proof. apply _. Qed.
  Global Instance sent_upto_persistent γ m : Persistent (sent_upto γ m).
  Proof. apply _. Qed.

  Lemma sent_agree γ i v v' : sent γ i v -∗ sent γ i v' -∗ ⌜v = v'⌝.
  Proof.
    iIntros "[%b H] [%b' H']".
    by iDestruct (mono_list_idx_agree with "H H'") as %[= -> _].
  Qed.

  (** There is one duty to wake for each push, and so at most one for each park. *)
  Lemma wakeup_unique γ i f w f' w' : wakeup γ i f w -∗ wakeup γ i f' w' -∗ False.
  Proof.
    iIntros "[_ H] [_ H']". by iDestruct (ghost_map_elem_ne with "H H'") as %?.
  Qed.

  Lemma sent_upto_le γ m xs :
    mono_list_auth_own γ.(sent_name) 1 xs -∗ sent_upto γ m -∗ ⌜m ≤ length xs⌝.
  Proof.
    iIntros "Hxs [->|(%i & %v & -> & %b & Hi)]"; first (iPureIntro; lia).
    iDestruct (mono_list_auth_idx_lookup with "Hxs Hi") as %Hi%lookup_lt_Some.
    iPureIntro. lia.
  Qed.

  (** ** A new channel *)

  Lemma new_channel_spec :
    {{{ True }}} new_of (program_of F) #()
    {{{ q γ, RET #q; is_channel γ q ∗ receiver γ 0 Awake ∗ sender γ 1 }}}.
  Proof.
    iIntros (Φ) "_ HΦ". iApply wp_fupd.
    iMod (mono_list_own_alloc ([] : list (val * bool))) as (γs) "[Hxs _]".
    wp_apply (new_spec _ F (N .@ "queue") (left_for_receiver γs) with "[//]").
    iIntros (q γq) "(#Hinv & Hq & Hc & Hp)".
    iMod (ghost_var_alloc (0, Awake)) as (γt) "[Hst Hst']".
    iMod (ghost_map_alloc_empty (K:=nat) (V:=Qp * val)) as (γk) "Hcalls".
    iMod (ghost_var_alloc ()) as (γp) "Hshare".
    pose (γ := ChannelName γq γs γt γk γp).
    iMod (inv_alloc (N .@ "channel") _ (channel_inv γ) with "[Hq Hxs Hst Hcalls]") as "#Hchan".
    { iNext. iExists [], [], 0, false, Awake, ∅. rewrite /contents /=. iFrame.
      rewrite big_sepM_empty. done. }
    iApply ("HΦ" $! q γ). by iFrame "#∗".
  Qed.

  (** ** Push *)

  (** What an exchange appends: the first item of the chain may replace a mark. *)
  Definition sent_entries (parked : bool) (vs : list val) : list (val * bool) :=
    match vs with
    | [] => []
    | v :: vs => (v, parked) :: ((λ v, (v, false)) <$> vs)
    end.

  Lemma sent_entries_length parked vs : length (sent_entries parked vs) = length vs.
  Proof. destruct vs; first done. by rewrite /= fmap_length. Qed.

  Lemma sent_entries_lookup parked vs j v :
    vs !! j = Some v → ∃ b, sent_entries parked vs !! j = Some (v, b).
  Proof.
    destruct vs as [|v0 vs]; first done. destruct j as [|j]; simpl.
    - intros [= ->]. by exists parked.
    - intros Hj. exists false. by rewrite list_lookup_fmap Hj.
  Qed.

  Lemma sent_entries_sent γ xs parked vs :
    mono_list_lb_own γ.(sent_name) (xs ++ sent_entries parked vs) -∗
    [∗ list] j ↦ v ∈ vs, sent γ (length xs + j) v.
  Proof.
    iIntros "#Hlb". iApply big_sepL_intro. iIntros "!>" (j v Hj).
    destruct (sent_entries_lookup parked vs j v Hj) as [b Hb]. iExists b.
    iApply (mono_list_idx_own_get with "Hlb").
    rewrite lookup_app_r; last lia. by replace (length xs + j - length xs) with j by lia.
  Qed.

  (** No item but the first brings anything for the consumer. *)
  Lemma sent_entries_deposits γs xs parked v vs c :
    length vs = length c →
    mono_list_lb_own γs (xs ++ sent_entries parked (v :: vs)) -∗
    [∗ list] j ↦ _ ∈ c, deposit (has_gap F) (left_for_receiver γs) (S (length xs + j)).
  Proof.
    iIntros (Hlen) "#Hlb". iApply big_sepL_intro. iIntros "!>" (j n Hj).
    rewrite /deposit. destruct (has_gap F); last done.
    destruct (lookup_lt_is_Some_2 vs j) as [v' Hv'].
    { apply lookup_lt_Some in Hj. lia. }
    iExists v', false. iSplit; last done.
    iApply (mono_list_idx_own_get with "Hlb").
    rewrite lookup_app_r; last lia. replace (S (length xs + j) - length xs) with (S j) by lia.
    by rewrite /= list_lookup_fmap Hv'.
  Qed.

  Lemma sent_entries_first γs xs v parked vs :
    mono_list_lb_own γs (xs ++ sent_entries parked (v :: vs)) -∗
    sent_at γs (length xs) v parked.
  Proof.
    iIntros "#Hlb". iApply (mono_list_idx_own_get with "Hlb").
    by rewrite lookup_app_r // Nat.sub_diag.
  Qed.

  Lemma contents_append h xs parked c vs :
    contents h xs -∗ ([∗ list] n; v ∈ c; vs, content n v) -∗
    contents (h ++ c) (xs ++ sent_entries parked vs).
  Proof.
    iIntros "H Hc". iApply (big_sepL2_app with "H").
    destruct c as [|n c], vs as [|v vs]; try done. simpl.
    iDestruct "Hc" as "[$ Hc]". by rewrite big_sepL2_fmap_r.
  Qed.

  (** The sender of a chain needs its items, and must be able to run [on_parked] with what a
      parked consumer has left. What the sender keeps for that ([Kept]) is the sender's again if the
      consumer was not parked. *)
  Lemma push_items_spec γ q oldest newest c vs f m on_parked Kept (Ψ : val → val → iProp Σ) :
    c !! 0 = Some oldest → last c = Some newest → length vs = length c →
    is_channel γ q -∗ sent_upto γ m -∗
    {{{ sender γ f ∗ own_chain c ∗ ([∗ list] n; v ∈ c; vs, content n v) ∗
        Kept ∗ (∀ w, Kept -∗ Left w -∗ WP on_parked #() {{ a, back_in_gap ∗ Ψ w a }}) }}}
      push_items #q #oldest #newest on_parked
    {{{ r, RET r; ∃ i, ⌜m ≤ i⌝ ∗ ([∗ list] j ↦ v ∈ vs, sent γ (i + j) v) ∗
        (⌜r = NONEV⌝ ∗ sender γ f ∗ Kept ∨
         ∃ w a, ⌜r = SOMEV a⌝ ∗ wakeup γ i f w ∗ Ψ w a) }}}.
  Proof.
    iIntros (Holdest Hnewest Hlen) "#[Hinv Hchan] #Hupto !>".
    iIntros (Φ) "([Hp Hshare] & Hc & Hcontents & Hkept & Hparked) HΦ".
    wp_lam. wp_pure _ credit:"Hcredit". wp_pures.
    iApply (push_chain_spec _ F with "Hinv Hp Hc"); [done..|].
    rewrite /push_commit. iAuIntro.
    iInv "Hchan" as (h xs k parked st calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (queue_bounds with "Hq") as %[Hk Hparked].
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hshare Hcontents Hkept Hparked HΦ Hcredit". iNext.
      iExists h, xs, k, parked, st, calls. by iFrame. }
    iIntros "Hq".
    iDestruct (sent_upto_le with "Hxs Hupto") as %Hm.
    iMod (mono_list_auth_own_update_app (sent_entries parked vs) with "Hxs") as "[Hxs #Hlb]".
    iDestruct (sent_entries_sent with "Hlb") as "#Hsent".
    destruct vs as [|v vs]; first by destruct c.
    iDestruct (sent_entries_first with "Hlb") as "#Hfirst".
    destruct c as [|n c]; first done. injection Hlen as Hlen.
    iDestruct (sent_entries_deposits _ _ _ _ _ c with "Hlb") as "#Hdeposits"; first done.
    iAssert (▷ contents (drop k (h ++ n :: c))
        (drop k (xs ++ sent_entries parked (v :: vs))))%I with "[Hcs Hcontents]" as "Hcs".
    { iNext. rewrite !drop_app_le; [|lia..]. by iApply (contents_append with "Hcs Hcontents"). }
    assert (length (xs ++ sent_entries parked (v :: vs)) = length (h ++ n :: c)) as Hxs'.
    { rewrite !app_length sent_entries_length /= Hxs Hlen //. }
    destruct parked.
    - specialize (Hparked eq_refl) as ->.
      destruct st as [|w]; first by iMod "Hsleep" as %?.
      iDestruct "Hsleep" as "[[_ Hleft]|(>%Hnot & _)]"; last done.
      iMod (lc_fupd_elim_later with "Hcredit Hleft") as "Hleft".
      iMod (ghost_map_insert (length xs) (f, w) with "Hcalls") as "[Hcalls Hcall]".
      { apply Hcalls. lia. }
      iModIntro. iSplitR "Hleft Hkept Hparked HΦ Hcall".
      { iNext. iExists (h ++ n :: c), _, _, false, (Asleep w), _. iFrame "Hq Hxs Hst Hcalls Hcs".
        iSplitL "Hshares Hshare".
        { rewrite big_sepM_insert /=; [by iFrame|apply Hcalls; lia]. }
        iSplit.
        { iRight. iSplit; first done. iSplit.
          - iPureIntro. exists v. by rewrite -Hxs lookup_app_r // Nat.sub_diag.
          - iLeft. iPureIntro. exists f. by rewrite -Hxs lookup_insert. }
        iPureIntro. split; first done. intros i Hi. rewrite app_length /= in Hi.
        rewrite lookup_insert_ne; [apply Hcalls; lia|lia]. }
      rewrite -Hxs. iFrame "Hdeposits".
      iSpecialize ("Hparked" with "Hkept Hleft").
      iApply (wp_wand with "Hparked"). iIntros (a) "[Hback HΨ]".
      iSplitL "Hback".
      { rewrite /deposit /back_in_gap. destruct (has_gap F); last done.
        iExists v, true. by iFrame "Hfirst Hback". }
      iIntros "Hp". iApply "HΦ". iExists (length xs). iSplit; first done.
      iFrame "Hsent". iRight. iExists w, a. by iFrame.
    - iModIntro. iSplitR "Hshare Hkept HΦ".
      { iNext. iExists (h ++ n :: c), _, k, false, st, calls.
        iFrame "Hq Hxs Hst Hcalls Hcs Hshares". iSplit.
        { destruct st as [|w]; first done.
          iDestruct "Hsleep" as "[[%Hnot _]|(_ & (%v' & %Hv') & Hwoken)]"; first done.
          iRight. iFrame "Hwoken". iSplit; first done. iPureIntro. exists v'.
          by apply lookup_app_l_Some. }
        iPureIntro. split; first done. intros i Hi. rewrite app_length /= in Hi.
        apply Hcalls. lia. }
      rewrite -Hxs. iFrame "Hdeposits". iSplitR.
      { rewrite /deposit. destruct (has_gap F); last done.
        iExists v, false. by iFrame "Hfirst". }
      iIntros "Hp". iApply "HΦ". iExists (length xs). iSplit; first done.
      iFrame "Hsent". iLeft. by iFrame.
  Qed.

  (** A single item is a chain of one. *)
  Lemma push_item_spec γ q n v f m on_parked Kept (Ψ : val → val → iProp Σ) :
    is_channel γ q -∗ sent_upto γ m -∗
    {{{ sender γ f ∗ item n v ∗
        Kept ∗ (∀ w, Kept -∗ Left w -∗ WP on_parked #() {{ a, back_in_gap ∗ Ψ w a }}) }}}
      push_item #q #n on_parked
    {{{ r, RET r; ∃ i, ⌜m ≤ i⌝ ∗ sent γ i v ∗
        (⌜r = NONEV⌝ ∗ sender γ f ∗ Kept ∨
         ∃ w a, ⌜r = SOMEV a⌝ ∗ wakeup γ i f w ∗ Ψ w a) }}}.
  Proof.
    iIntros "#Hchan #Hupto !>" (Φ) "(Hs & [[%next Hn] Hcontent] & Hkept & Hparked) HΦ".
    wp_lam. wp_pures. wp_store. wp_pures.
    wp_apply (push_items_spec γ q n n [n] [v] f m on_parked Kept Ψ
      with "Hchan Hupto [$Hs $Hkept $Hparked Hn Hcontent]"); [done..| |].
    { rewrite own_chain_single big_sepL2_singleton. iFrame. }
    iIntros (r) "(%i & Hm & [Hsent _] & Hr)". iApply "HΦ". iExists i. rewrite Nat.add_0_r.
    iFrame.
  Qed.

  (** ** Pop *)

  (** The consumer may show its share of the permission to send, if it is a sender, too. *)
  Definition shown_sender γ (share : option Qp) : iProp Σ :=
    if share is Some f then sender γ f else True%I.

  Lemma pop_item_spec γ q k m st share :
    is_channel γ q -∗ sent_upto γ m -∗
    {{{ receiver γ k st ∗ shown_sender γ share }}}
      pop_item #q
    {{{ a, RET (answer_val a); shown_sender γ share ∗
        match a with
        | Item n => ∃ v, sent γ k v ∗ item n v ∗ receiver γ (S k) Awake ∗
            (if st is Asleep _ then back_in_gap else True)
        | Empty => ⌜m ≤ k⌝ ∗ receiver γ k st
        | Stalled => ⌜has_gap F = true⌝ ∗ ⌜share ≠ Some 1%Qp⌝ ∗ receiver γ k st
        end }}}.
  Proof.
    iIntros "#[Hinv Hchan] #Hupto !>" (Φ) "([Hc Hst'] & Hshare) HΦ".
    rewrite /pop_item. wp_pure _ credit:"Hcredit".
    iAssert (shown γ.(queue_of) share ∗ (shown γ.(queue_of) share -∗ shown_sender γ share))%I
      with "[Hshare]" as "[Hshown Hshare]".
    { destruct share; last by auto. iDestruct "Hshare" as "[$ $]". by iIntros "$". }
    iApply (pop_spec _ F with "Hinv Hc"). iAuIntro.
    iInv "Hchan" as (h xs k' parked st' calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (queue_bounds with "Hq") as %[Hk Hparked].
    iDestruct (ghost_var_agree with "Hst Hst'") as %[= -> ->].
    iCombine "Hq Hshown" as "Hq". iAaccIntro with "Hq".
    { iIntros "[Hq $] !>". iFrame "Hst' Hshare HΦ Hcredit". iNext.
      iExists h, xs, k, parked, st, calls. by iFrame. }
    iIntros (a) "(_ & Ha & Hshown)". iDestruct ("Hshare" with "Hshown") as "Hshare".
    destruct a as [n| |].
    - iDestruct "Ha" as "(%Hn & Hq & Hlink & Hdeposit)".
      destruct (lookup_lt_is_Some_2 xs k) as [[v b] Hv].
      { rewrite Hxs. by eapply lookup_lt_Some. }
      assert (parked = false) as ->.
      { destruct parked; last done. specialize (Hparked eq_refl). apply lookup_lt_Some in Hn. lia. }
      iAssert (sent_at γ.(sent_name) k v b) as "#Hsent".
      { iApply mono_list_idx_own_get; first done. by iApply mono_list_lb_own_get. }
      iAssert (▷ (content n v ∗ contents (drop (S k) h) (drop (S k) xs)))%I
        with "[Hcs]" as "Hcs".
      { iNext. by rewrite (drop_S h n) // (drop_S xs (v, b)). }
      iAssert (▷ if st is Asleep _ then back_in_gap else True)%I
        with "[Hsleep Hdeposit]" as "Hback".
      { destruct st as [|w]; first done. iNext.
        iDestruct "Hsleep" as "[[%Hnot _]|(_ & [%v' %Hv'] & _)]"; first done. simplify_eq.
        rewrite /back_in_gap /deposit. destruct (has_gap F); last done.
        iDestruct "Hdeposit" as (v' b) "[Hsent' Hback]".
        by iDestruct (mono_list_idx_agree with "Hsent Hsent'") as %[= <- <-]. }
      iCombine "Hcs Hback" as "H".
      iMod (lc_fupd_elim_later with "Hcredit H") as "[[Hcontent Hcs] Hback]".
      iMod (ghost_var_update_halves (S k, Awake) with "Hst Hst'") as "[Hst Hst']".
      iModIntro. iSplitL "Hq Hxs Hcs Hst Hcalls Hshares".
      { iNext. iExists h, xs, (S k), false, Awake, calls. by iFrame. }
      iIntros "Hc". iApply ("HΦ" $! (Item n)). iFrame "Hshare". iExists v. iFrame.
      by iExists b.
    - iDestruct "Ha" as "[%Hlast Hq]".
      iDestruct (sent_upto_le with "Hxs Hupto") as %Hm.
      iModIntro. iSplitL "Hq Hxs Hcs Hst Hcalls Hshares Hsleep".
      { iNext. iExists h, xs, k, parked, st, calls. by iFrame. }
      iIntros "Hc". iApply ("HΦ" $! Empty). iFrame. iPureIntro. lia.
    - iDestruct "Ha" as "(%Hgap & %Hlt & %Hshare & Hq)".
      iModIntro. iSplitL "Hq Hxs Hcs Hst Hcalls Hshares Hsleep".
      { iNext. iExists h, xs, k, parked, st, calls. by iFrame. }
      iIntros "Hc". iApply ("HΦ" $! Stalled). by iFrame.
  Qed.

  (** ** Park and unpark *)

  (** If park succeeds, every item has been received, and what the consumer leaves belongs to
      the channel. *)
  Lemma park_consumer_spec γ q k m w :
    is_channel γ q -∗ sent_upto γ m -∗
    {{{ receiver γ k Awake ∗ Left w }}}
      park_consumer #q
    {{{ (b : bool), RET #b;
        if b then ⌜m ≤ k⌝ ∗ receiver γ k (Asleep w)
        else receiver γ k Awake ∗ Left w ∗ ∃ v, sent γ k v }}}.
  Proof.
    iIntros "#[Hinv Hchan] #Hupto !>" (Φ) "([Hc Hst'] & Hleft) HΦ".
    wp_lam. iApply (park_spec _ F with "Hinv Hc"). iAuIntro.
    iInv "Hchan" as (h xs k' parked st' calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (queue_bounds with "Hq") as %[Hk Hparked].
    iDestruct (ghost_var_agree with "Hst Hst'") as %[= -> ->].
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hst' HΦ Hleft". iNext.
      iExists h, xs, k, parked, Awake, calls. by iFrame. }
    iIntros "[_ Hq]". iDestruct (sent_upto_le with "Hxs Hupto") as %Hm.
    iMod "Hsleep" as %->. case_bool_decide as Hlast.
    - iMod (ghost_var_update_halves (k, Asleep w) with "Hst Hst'") as "[Hst Hst']".
      iModIntro. iSplitR "Hst' HΦ".
      { iNext. iExists h, xs, k, true, (Asleep w), calls. iFrame. iSplit; last done.
        iLeft. by iFrame. }
      iIntros "Hc". iApply "HΦ". iFrame. iPureIntro. lia.
    - destruct (lookup_lt_is_Some_2 xs k) as [[v b] Hv]; first lia.
      iAssert (sent_at γ.(sent_name) k v b) as "#Hsent".
      { iApply mono_list_idx_own_get; first done. by iApply mono_list_lb_own_get. }
      iModIntro. iSplitR "Hst' HΦ Hleft".
      { iNext. iExists h, xs, k, false, Awake, calls. by iFrame. }
      iIntros "Hc". iApply "HΦ". iFrame. iExists v, b. by iFrame "Hsent".
  Qed.

  (** If unpark succeeds, no push has replaced the mark, and the consumer gets back what it had
      left. Otherwise a push has, and the consumer is to receive its item. *)
  Lemma unpark_consumer_spec γ q k w :
    is_channel γ q -∗
    {{{ receiver γ k (Asleep w) }}}
      unpark_consumer #q
    {{{ (b : bool), RET #b;
        if b then receiver γ k Awake ∗ Left w
        else receiver γ k (Asleep w) ∗ ∃ v, sent γ k v }}}.
  Proof.
    iIntros "#[Hinv Hchan] !>" (Φ) "[Hc Hst'] HΦ".
    rewrite /unpark_consumer. wp_pure _ credit:"Hcredit".
    iApply (unpark_spec _ F with "Hinv Hc"). iAuIntro.
    iInv "Hchan" as (h xs k' parked st' calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (queue_bounds with "Hq") as %[Hk Hparked].
    iDestruct (ghost_var_agree with "Hst Hst'") as %[= -> ->].
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hst' HΦ Hcredit". iNext.
      iExists h, xs, k, parked, (Asleep w), calls. by iFrame. }
    iIntros "[_ Hq]".
    iMod (lc_fupd_elim_later with "Hcredit Hsleep") as "Hsleep".
    iDestruct "Hsleep" as "[[-> Hleft]|(-> & [%v %Hv] & Hwoken)]".
    - specialize (Hparked eq_refl) as ->. rewrite bool_decide_true //.
      iMod (ghost_var_update_halves (length h, Awake) with "Hst Hst'") as "[Hst Hst']".
      iModIntro. iSplitR "Hst' HΦ Hleft".
      { iNext. iExists h, xs, (length h), false, Awake, calls. by iFrame. }
      iIntros "Hc". iApply "HΦ". iFrame.
    - rewrite bool_decide_false; last (apply lookup_lt_Some in Hv; lia).
      iAssert (sent_at γ.(sent_name) k v true) as "#Hsent".
      { iApply mono_list_idx_own_get; first done. by iApply mono_list_lb_own_get. }
      iModIntro. iSplitR "Hst' HΦ".
      { iNext. iExists h, xs, k, false, (Asleep w), calls. iFrame. iSplit; last done.
        iRight. iFrame. iSplit; first done. by iExists v. }
      iIntros "Hc". iApply "HΦ". iFrame. iExists v, true. by iFrame "Hsent".
  Qed.

  (** An unpark of a consumer that is awake changes nothing. It tells whether the queue is empty. *)
  Lemma unpark_awake_spec γ q k :
    is_channel γ q -∗
    {{{ receiver γ k Awake }}}
      unpark_consumer #q
    {{{ (b : bool), RET #b; receiver γ k Awake ∗ if b then True else ∃ v, sent γ k v }}}.
  Proof.
    iIntros "#[Hinv Hchan] !>" (Φ) "[Hc Hst'] HΦ".
    wp_lam. iApply (unpark_spec _ F with "Hinv Hc"). iAuIntro.
    iInv "Hchan" as (h xs k' parked st' calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (queue_bounds with "Hq") as %[Hk _].
    iDestruct (ghost_var_agree with "Hst Hst'") as %[= -> ->].
    iAaccIntro with "Hq".
    { iIntros "Hq !>". iFrame "Hst' HΦ". iNext.
      iExists h, xs, k, parked, Awake, calls. by iFrame. }
    iIntros "[_ Hq]".
    iDestruct (mono_list_lb_own_get with "Hxs") as "#Hlb".
    iAssert (if bool_decide (k = length h) then True else ∃ v, sent γ k v)%I as "Hb".
    { case_bool_decide as Hlast; first done.
      destruct (lookup_lt_is_Some_2 xs k) as [[v b] Hv]; first lia.
      iExists v, b. by iApply (mono_list_idx_own_get with "Hlb"). }
    iModIntro. iSplitR "Hst' HΦ Hb".
    { iNext. iExists h, xs, k, false, Awake, calls. by iFrame. }
    iIntros "Hc". iApply ("HΦ" with "[$Hc $Hst' $Hb]").
  Qed.

  (** ** The wake-up *)

  (** The push has called the waker, and may send again. *)
  Lemma wakeup_done γ q i f w :
    is_channel γ q -∗ wakeup γ i f w -∗ Woken w ={⊤}=∗ sender γ f.
  Proof.
    iIntros "#[_ Hchan] [$ Hcall] #Hwoken".
    iInv "Hchan" as (h xs k parked st calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (ghost_map_lookup with "Hcalls Hcall") as %Hi.
    iMod (ghost_map_delete with "Hcalls Hcall") as "Hcalls".
    iDestruct (big_sepM_delete with "Hshares") as "[Hshare Hshares]"; first done.
    iFrame "Hshare".
    iModIntro. iSplitL; last done. iNext.
    iExists h, xs, k, parked, st, (delete i calls). iFrame. iSplit; last first.
    { iPureIntro. split; first done. intros j Hj. rewrite lookup_delete_None.
      right. by apply Hcalls. }
    destruct st as [|w']; first done.
    iDestruct "Hsleep" as "[Hsleep|(Hparked & Hv & [[%f' %Hk]|[%Hk Hwoken']])]";
      [by iLeft| |]; iRight; iFrame "Hparked Hv".
    - destruct (decide (i = k)) as [->|Hne].
      + iRight. assert (w' = w) as -> by congruence. iFrame "Hwoken". by rewrite lookup_delete.
      + iLeft. iExists f'. by rewrite lookup_delete_ne.
    - iRight. iFrame "Hwoken'". iPureIntro. apply lookup_delete_None. by right.
  Qed.

  (** No wake-up is lost: if a consumer sleeps although an item has been sent, and no push is in
      flight, then its waker has been called. *)
  Theorem no_lost_wakeup γ q k w v :
    is_channel γ q -∗ receiver γ k (Asleep w) -∗ sent γ k v -∗ sender γ 1 ={⊤}=∗
    receiver γ k (Asleep w) ∗ sender γ 1 ∗ Woken w.
  Proof.
    iIntros "#[_ Hchan] [$ Hst'] [%b #Hsent] [$ Hshare]".
    iInv "Hchan" as (h xs k' parked st calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (ghost_var_agree with "Hst Hst'") as %[= -> ->].
    iDestruct (mono_list_auth_idx_lookup with "Hxs Hsent") as %Hk%lookup_lt_Some.
    iDestruct (queue_bounds with "Hq") as %[_ Hparked].
    iDestruct "Hsleep" as "[[>-> _]|(>-> & >#Hv & Hwoken)]".
    { specialize (Hparked eq_refl). lia. }
    iDestruct "Hwoken" as "[(%f & >%Hf)|[>%Hf >#Hwoken]]".
    { (* The push in question has left its share with the channel. *)
      iDestruct (big_sepM_lookup with "Hshares") as "Hshare'"; first done. simpl.
      by iDestruct (ghost_var_valid_2 with "Hshare Hshare'") as %[?%Qp.not_add_le_l _]. }
    iModIntro. iSplitR "Hst' Hshare"; last by iFrame "Hst' Hshare Hwoken". iNext.
    iExists h, xs, k, false, (Asleep w), calls. iFrame. iSplit; last done.
    iRight. iFrame "Hv". iSplit; first done. iRight. by iFrame "Hwoken".
  Qed.

  (** The duty to wake the consumer that sleeps names the waker that the consumer has left. *)
  Lemma wakeup_is_for_sleeper γ q k w f w' :
    is_channel γ q -∗ receiver γ k (Asleep w) -∗ wakeup γ k f w' ={⊤}=∗
    receiver γ k (Asleep w) ∗ wakeup γ k f w' ∗ ⌜w' = w⌝.
  Proof.
    iIntros "#[_ Hchan] [$ Hst'] [$ Hcall]".
    iInv "Hchan" as (h xs k' parked st calls)
      "(>Hq & >Hxs & Hcs & >Hst & >Hcalls & >Hshares & Hsleep & >%Hxs & >%Hcalls)".
    iDestruct (ghost_var_agree with "Hst Hst'") as %[= -> ->].
    iDestruct (ghost_map_lookup with "Hcalls Hcall") as %Hk.
    iDestruct (queue_bounds with "Hq") as %[_ Hparked].
    iDestruct "Hsleep" as "[[>-> _]|(>-> & >#Hv & Hwoken)]".
    { specialize (Hparked eq_refl) as ->. by rewrite Hcalls in Hk. }
    iDestruct "Hwoken" as "[(%g & >%Hg)|[>%Hg _]]"; last by rewrite Hg in Hk.
    assert (w' = w) as -> by congruence. iModIntro. iSplitR "Hst' Hcall"; last by iFrame. iNext.
    iExists h, xs, k, false, (Asleep w), calls. iFrame. iSplit; last done.
    iRight. iFrame "Hv". iSplit; first done. iLeft. by iExists f.
  Qed.
End channel.
