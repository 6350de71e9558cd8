(** The pop of the forward-linked form.

    Each load, store and compare-exchange of [front], [back] and [next] is one lemma, which
    says what the consumer knows afterwards. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.forward Require Export invariant.
From iris.prelude Require Import options.

Section pop.
  Context `{!heapGS Σ, !forwardG Σ} (N : namespace).
  Implicit Types (Q P : list entry) (γ : queue_name) (q n m p : loc) (i j k : nat)
    (D : nat → iProp Σ) (s : stage) (Φ : val → iProp Σ).

  Local Notation pop_commit := (decide.pop_commit N true consumer).
  Local Notation decided := (decide.decided consumer).

  (** The consumer takes the oldest entry out: the queue and its own progress change. *)
  Lemma take_out γ D P n Q parked Φ s :
    pop_commit γ D (length P) Φ -∗
    queue γ (P ++ (n, Linked) :: Q).*1 (length P) parked -∗
    progress γ (length P) s -∗ progress_inv γ (length P) s -∗
    (∃ v, n ↦ v) -∗ D (length P) ={⊤ ∖ ↑N}=∗
    queue γ (P ++ (n, Linked) :: Q).*1 (S (length P)) false ∗
    progress_inv γ (S (length P)) AtRest ∗ Φ (answer_val (Item n)).
  Proof.
    iIntros "AU Hq Hc Hs Hn HD".
    iMod (decide_item with "AU Hq Hn HD") as "[$ HΦ]".
    iMod (progress_update (S (length P)) AtRest with "Hc Hs") as "[Hc $]".
    iApply "HΦ". iExists AtRest. by iFrame.
  Qed.

  (** What the load of a cell that leads to an entry finds: a link, which is known from now on; or
      null, and if the consumer knew that the entry is in the queue, the answer is decided. *)
  Definition seen γ D k i Φ (known : bool) (v : val) : iProp Σ :=
    (∃ n, ⌜v = #n⌝ ∗ linked γ i n ∗ pop_commit γ D k Φ) ∨
    (⌜v = NULL⌝ ∗ if known then decided γ k Φ Stalled else pop_commit γ D k Φ).

  Lemma look_at_entry γ D P Q parked j known Φ :
    (known = true → j < length Q) →
    pop_commit γ D (length P) Φ -∗
    queue γ (P ++ Q).*1 (length P) parked -∗ evidences γ (length P) Q ={⊤ ∖ ↑N}=∗
    queue γ (P ++ Q).*1 (length P) parked ∗ evidences γ (length P) Q ∗
    seen γ D (length P) (length P + j) Φ known (leads_to (Q !! j)).
  Proof.
    iIntros (Hknown) "AU Hq Hev". rewrite /seen.
    destruct (Q !! j) as [[n [|w f]]|] eqn:Hj; simpl.
    - iDestruct (evidences_linked with "Hev") as "#Hn"; first done.
      iFrame. iModIntro. iLeft. iExists n. by iFrame "Hn AU".
    - destruct known.
      + iMod (decide_stalled with "AU Hq Hev") as "($ & $ & HΦ)"; [done..|].
        iModIntro. iRight. by iFrame.
      + iFrame. iModIntro. iRight. by iFrame.
    - destruct known; last by (iFrame; iModIntro; iRight; iFrame).
      apply lookup_ge_None_1 in Hj. specialize (Hknown eq_refl). lia.
  Qed.

  (** [front] is loaded. *)
  Lemma load_front_spec γ q D k s known Φ :
    has_cleared s = false → (known = true → s = NotEmpty) →
    is_queue N γ q D -∗
    {{{ progress γ k s ∗ pop_commit γ D k Φ }}} ! #(q +ₗ 1)
    {{{ v, RET v; progress γ k s ∗ seen γ D k k Φ known v }}}.
  Proof.
    iIntros (Hs Hknown) "#Hinv !>". iIntros (Ψ) "[Hc AU] HΨ".
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    iMod (look_at_entry _ _ _ _ _ 0 known with "AU Hq Hev") as "(Hq & Hev & Hseen)".
    { intros ->. rewrite Hknown // in Hok. }
    rewrite Nat.add_0_r. wp_load. iModIntro. iSplitR "HΨ Hc Hseen".
    { iNext. iExists P, Q, parked, s. by iFrame. }
    rewrite /front_val Hs. iApply "HΨ". iFrame.
  Qed.

  (** The [next] of the oldest link is loaded. *)
  Lemma load_next_spec γ q D k n s known Φ :
    (known = true → s = NotLast) →
    is_queue N γ q D -∗ linked γ k n -∗
    {{{ progress γ k s ∗ pop_commit γ D k Φ }}} ! #n
    {{{ v, RET v; progress γ k s ∗ seen γ D k (S k) Φ known v }}}.
  Proof.
    iIntros (Hknown) "#Hinv #Hn !>". iIntros (Ψ) "[Hc AU] HΨ".
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    iDestruct (oldest_present with "HE Hn") as %H0.
    iMod (look_at_entry _ _ _ _ _ 1 known with "AU Hq Hev") as "(Hq & Hev & Hseen)".
    { intros ->. rewrite Hknown // in Hok. by destruct Hok. }
    rewrite Nat.add_1_r. destruct Q as [|e Q]; simplify_eq/=.
    iDestruct (links_cons with "HQ") as "[Hnext HQ]". wp_load.
    iModIntro. iSplitR "HΨ Hc Hseen"; last by iApply "HΨ"; iFrame.
    iNext. iExists P, ((n, Linked) :: Q), parked, s. rewrite links_cons. by iFrame.
  Qed.

  (** [back] is loaded, to see whether the queue is empty. *)
  Lemma load_back_spec γ q D k s Φ :
    has_cleared s = false →
    is_queue N γ q D -∗
    {{{ progress γ k s ∗ pop_commit γ D k Φ }}} ! #q
    {{{ v, RET v;
        (∃ parked, ⌜v = mark parked⌝ ∗ progress γ k s ∗ decided γ k Φ Empty) ∨
        (∃ n : loc, ⌜v = #n⌝ ∗ progress γ k NotEmpty ∗ pop_commit γ D k Φ) }}}.
  Proof.
    iIntros (Hs) "#Hinv !>". iIntros (Ψ) "[Hc AU] HΨ".
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    destruct Q as [|e Q].
    - wp_load. iMod (decide_empty with "AU Hq") as "[Hq HΦ]".
      iModIntro. iSplitR "HΨ Hc HΦ".
      { iNext. iExists P, [], parked, s. by iFrame. }
      iApply "HΨ". iLeft. iExists parked. by iFrame.
    - destruct (back_val_cons Q e parked) as [n Hn]. wp_load.
      iMod (progress_update (length P) NotEmpty with "Hc Hs") as "[Hc Hs]".
      iModIntro. iSplitR "HΨ Hc AU".
      { iNext. iExists P, (e :: Q), parked, NotEmpty. rewrite /front_val Hs /=. iFrame.
        iPureIntro. split; [done|split; [done|simpl; lia]]. }
      iApply "HΨ". iRight. iExists n. rewrite Hn. by iFrame.
  Qed.

  (** [front] is set to the second oldest link: the oldest one is popped. *)
  Lemma store_front_next_spec γ q D k n m s Φ :
    is_queue N γ q D -∗ linked γ k n -∗ linked γ (S k) m -∗
    {{{ progress γ k s ∗ pop_commit γ D k Φ }}} #(q +ₗ 1) <- #m
    {{{ RET #(); Φ (answer_val (Item n)) }}}.
  Proof.
    iIntros "#Hinv #Hn #Hm !>". iIntros (Ψ) "[Hc AU] HΨ".
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    iDestruct (oldest_present with "HE Hn") as %H0.
    iDestruct (linked_present _ _ _ 1 with "HE [Hm]") as %H1; first by rewrite Nat.add_1_r.
    destruct Q as [|x [|y Q]]; simplify_eq/=.
    iDestruct (parked_empty with "Hq") as %Hparked.
    destruct parked; first by specialize (Hparked eq_refl).
    iDestruct (links_cons with "HQ") as "[Hnext HQ]".
    iDestruct (evidences_cons with "Hev") as "[_ Hev]".
    iDestruct (deposits_cons with "HD") as "[HDk HD]".
    wp_store.
    iMod (take_out with "AU Hq Hc Hs [Hnext] HDk") as "(Hq & Hs & HΦ)"; first by iExists _.
    iModIntro. iSplitR "HΨ HΦ"; last by iApply "HΨ".
    iNext. iExists (P ++ [(n, Linked)]), ((m, Linked) :: Q), false, AtRest.
    rewrite -(assoc_L (++)) /= app_length Nat.add_1_r. iFrame.
    iPureIntro. split; [|split; [exact (well_placed_pop (n, Linked) m Q HQ)|done]].
    apply Forall_app. split; [done|by apply Forall_singleton].
  Qed.

  (** [front] is set to null, because the oldest link may be the only one. *)
  Lemma store_front_null_spec γ q D k n s :
    has_cleared s = false →
    is_queue N γ q D -∗ linked γ k n -∗
    {{{ progress γ k s }}} #(q +ₗ 1) <- NULL {{{ RET #(); progress γ k Cleared }}}.
  Proof.
    iIntros (Hs) "#Hinv #Hn !>". iIntros (Ψ) "Hc HΨ".
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    iDestruct (oldest_present with "HE Hn") as %H0.
    wp_store. iMod (progress_update (length P) Cleared with "Hc Hs") as "[Hc Hs]".
    iModIntro. iSplitR "HΨ Hc"; last by iApply "HΨ".
    iNext. iExists P, Q, parked, Cleared. iFrame. iPureIntro.
    split; [done|split; [done|by exists n]].
  Qed.

  (** [front] is set back to the oldest link. *)
  Lemma store_front_back_spec γ q D k n :
    is_queue N γ q D -∗ linked γ k n -∗
    {{{ progress γ k NotLast }}} #(q +ₗ 1) <- #n {{{ RET #(); consumer γ k }}}.
  Proof.
    iIntros "#Hinv #Hn !>". iIntros (Ψ) "Hc HΨ".
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    iDestruct (oldest_present with "HE Hn") as %H0.
    wp_store. iMod (progress_update (length P) AtRest with "Hc Hs") as "[Hc Hs]".
    iModIntro. iSplitR "HΨ Hc"; last by iApply "HΨ"; iExists AtRest; iFrame.
    iNext. iExists P, Q, parked, AtRest. rewrite /front_val H0 /=. by iFrame.
  Qed.

  (** The compare-exchange of [back]: the oldest link is popped if it is the newest. *)
  Lemma take_last_spec γ q D k n Φ :
    is_queue N γ q D -∗ linked γ k n -∗
    {{{ progress γ k Cleared ∗ pop_commit γ D k Φ }}} CmpXchg #q #n EMPTY
    {{{ v b, RET (v, #b);
        if (b : bool) then Φ (answer_val (Item n))
        else progress γ k NotLast ∗ pop_commit γ D k Φ }}}.
  Proof.
    iIntros "#Hinv #Hn !>". iIntros (Ψ) "[Hc AU] HΨ".
    iInv N as (P Q parked s')
      "(>Hback & >Hfront & >Hq & >Hs & >HE & >HQ & >Hev & HD & >%HP & >%HQ & >%Hok)".
    iDestruct (progress_agree with "Hc Hs") as %[<- ->].
    iDestruct (oldest_present with "HE Hn") as %H0.
    destruct Q as [|x Q]; simplify_eq/=.
    iDestruct (parked_empty with "Hq") as %Hparked.
    destruct parked; first by specialize (Hparked eq_refl).
    destruct Q as [|y Q].
    - (* It is the only one. *)
      rewrite {1}/back_val /=. wp_cmpxchg_suc.
      iDestruct (links_cons with "HQ") as "[Hnext HQ]".
      iDestruct (evidences_cons with "Hev") as "[_ Hev]".
      iDestruct (deposits_cons with "HD") as "[HDk HD]".
      iMod (take_out with "AU Hq Hc Hs [Hnext] HDk") as "(Hq & Hs & HΦ)"; first by iExists _.
      iModIntro. iSplitR "HΨ HΦ"; last by iApply "HΨ".
      iNext. iExists (P ++ [(n, Linked)]), [], false, AtRest.
      rewrite app_nil_r app_length Nat.add_1_r. iFrame.
      iPureIntro. split_and!; try done.
      apply Forall_app. split; [done|by apply Forall_singleton].
    - (* A push has appended another link. *)
      iAssert ⌜∃ m : loc, back_val ((n, Linked) :: y :: Q) false = #m ∧ m ≠ n⌝%I as %(m & Hm & Hne).
      { rewrite /back_val last_cons_cons.
        destruct (last (y :: Q)) as [[m ph]|] eqn:Hlast; last by apply last_None in Hlast.
        rewrite last_lookup in Hlast.
        iDestruct (links_distinct with "HQ") as %Hne; first done.
        iPureIntro. exists m. split; [done|by intros ->]. }
      rewrite Hm. wp_cmpxchg_fail.
      iMod (progress_update (length P) NotLast with "Hc Hs") as "[Hc Hs]".
      iModIntro. iSplitR "HΨ Hc AU"; last by iApply "HΨ"; iFrame.
      iNext. iExists P, _, false, NotLast. rewrite -Hm. iFrame. iPureIntro.
      split; [done|split; [done|split; [by exists n|simpl; lia]]].
  Qed.

  (** [pop_first]: from the moment on at which the oldest link is known. *)
  Lemma pop_first_spec γ q D k n s Φ :
    has_cleared s = false →
    is_queue N γ q D -∗ linked γ k n -∗ progress γ k s -∗ pop_commit γ D k Φ -∗
    WP pop_first #q #n {{ Φ }}.
  Proof.
    iIntros (Hs) "#Hinv #Hn Hc AU". wp_lam. wp_pures.
    wp_apply (load_next_spec _ _ _ _ _ _ false with "Hinv Hn [$Hc $AU]"); first done.
    iIntros (v) "[Hc [(%m & -> & #Hm & AU)|[-> AU]]]"; wp_pures.
    { wp_lam. wp_pures.
      wp_apply (store_front_next_spec with "Hinv Hn Hm [$Hc $AU]"). iIntros "HΦ". by wp_pures. }
    wp_apply (store_front_null_spec with "Hinv Hn Hc"); first done.
    iIntros "Hc". wp_pures. wp_bind (CmpXchg _ _ _).
    wp_apply (take_last_spec with "Hinv Hn [$Hc $AU]").
    iIntros (v [|]) "H"; wp_pures; first done. iDestruct "H" as "[Hc AU]".
    wp_apply (load_next_spec _ _ _ _ _ _ true with "Hinv Hn [$Hc $AU]"); first done.
    iIntros (v') "[Hc [(%m & -> & #Hm & AU)|[-> HΦ]]]"; wp_pures.
    { wp_lam. wp_pures.
      wp_apply (store_front_next_spec with "Hinv Hn Hm [$Hc $AU]"). iIntros "HΦ". by wp_pures. }
    wp_apply (store_front_back_spec with "Hinv Hn Hc"). iIntros "Hc". wp_pures.
    by iApply "HΦ".
  Qed.

  Lemma pop_spec γ q D k Φ :
    is_queue N γ q D -∗ consumer γ k -∗ pop_commit γ D k Φ -∗ WP pop #q {{ Φ }}.
  Proof.
    iIntros "#Hinv (%s & %Hs & Hc) AU". wp_lam. wp_pures.
    wp_apply (load_front_spec _ _ _ _ _ false with "Hinv [$Hc $AU]"); [done..|].
    iIntros (v) "[Hc [(%n & -> & #Hn & AU)|[-> AU]]]"; wp_pures.
    { by iApply (pop_first_spec with "Hinv Hn Hc AU"). }
    wp_apply (load_back_spec with "Hinv [$Hc $AU]"); first done.
    iIntros (v) "[(%parked & -> & Hc & HΦ)|(%m & -> & Hc & AU)]"; rewrite /is_empty.
    { destruct parked; wp_pures; iApply "HΦ"; iExists s; by iFrame. }
    wp_pures.
    wp_apply (load_front_spec _ _ _ _ _ true with "Hinv [$Hc $AU]"); [done..|].
    iIntros (v) "[Hc [(%n & -> & #Hn & AU)|[-> HΦ]]]"; wp_pures.
    { by iApply (pop_first_spec with "Hinv Hn Hc AU"). }
    iApply "HΦ". iExists NotEmpty. by iFrame.
  Qed.
End pop.
