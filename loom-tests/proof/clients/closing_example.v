(** A whole program that closes its queue, run from an empty heap: a producer sends the number 1,
    and may be refused; the consumer closes the queue, receives the rest, and adds what was
    handed back. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.heap_lang Require Import adequacy proofmode notation.
From mpsc_proof.clients Require Import closing.
From mpsc_proof.closing Require invariant form.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Section programs.
  Context (F : program) (close_of : val).

  (** Pushes an item with the value 1. Stores what was handed back: 1 or 0. *)
  Definition push_one : val := λ: "q" "back",
    let: "n" := new_item #1 in
    match: push_item F "q" "n" (λ: <>, #()) with
      InjL <> => "back" <- SOME (value_of "n")
    | InjR <> => "back" <- SOME #0
    end.

  Definition await : val := rec: "await" "back" :=
    match: ! "back" with NONE => "await" "back" | SOME "v" => "v" end.

  (** Adds up what is received until the queue has ended. *)
  Definition receive_all : val := rec: "receive" "q" "sum" :=
    match: pop_item F "q" with
      InjR "n" => "receive" "q" ("sum" + value_of "n")
    | InjL "answer" => if: "answer" = #2 then "sum" else "receive" "q" "sum"
    end.

  Definition received_or_handed_back : val := λ: <>,
    let: "q" := new_of F #() in
    let: "back" := ref NONE in
    Fork (push_one "q" "back");;
    close_consumer close_of "q";;
    let: "received" := receive_all "q" #0 in
    "received" + await "back".
End programs.

Section program.
  Context `{!heapGS Σ, !closingG Σ, !endingG Σ, !ghost_varG Σ unit} (F : closable_mpsc Σ).

  Local Notation program := (closable_program_of F).
  Local Notation push_one := (push_one program).
  Local Notation receive_all := (receive_all program).
  Local Notation received_or_handed_back := (received_or_handed_back program (close F)).

  (** The payload is a token that exists once. *)
  Definition one (γ1 : gname) (n : loc) (v : val) : iProp Σ := ⌜v = #1⌝ ∗ ghost_var γ1 1 ().

  Definition result γ1 γ (back : loc) : iProp Σ :=
    back ↦ NONEV ∨ (back ↦ SOMEV #1 ∗ ghost_var γ1 1 ()) ∨
    (back ↦ SOMEV #0 ∗ ∃ i v, sent γ i v).

  Lemma value_of_one γ1 n v :
    {{{ item (one γ1) n v }}} value_of #n {{{ RET #1; ghost_var γ1 1 () }}}.
  Proof.
    iIntros (Φ) "[_ [Hv [-> Ht]]] HΦ". wp_lam. wp_pures. wp_load. by iApply "HΦ".
  Qed.

  Lemma push_one_spec (N : namespace) γ1 γ q back :
    is_ending F N (one γ1) γ q -∗ inv (N .@ "result") (result γ1 γ back) -∗
    {{{ sender γ 1 ∗ ghost_var γ1 1 () }}} push_one #q #back {{{ RET #(); True }}}.
  Proof.
    iIntros "#Hend #Hinv !>" (Φ) "[Hs Ht] HΦ". wp_lam. wp_pures.
    wp_lam. wp_alloc n as "Hn"; first lia.
    iDestruct (array_cons with "Hn") as "[Hlink Hn]".
    iDestruct (array_cons with "Hn") as "[Hvalue _]". wp_pures. wp_store. wp_pures.
    wp_apply (push_or_refuse_spec F N (one γ1) γ q n #1 _ false
      with "Hend [] [$Hs Hlink Hvalue Ht]"); first done.
    { iSplitL "Hlink"; first by iExists _. by iFrame. }
    iIntros (r) "[_ [(%i & %w & -> & _ & #Hsent)|(-> & _ & Hitem)]]"; wp_pures.
    - iInv "Hinv" as "[>Hb|[[>Hb _]|[>Hb _]]]"; wp_store; iModIntro;
        (iSplitL "Hb"; [iNext; iRight; iRight; iFrame; by iExists i, _|by iApply "HΦ"]).
    - wp_apply (value_of_one with "Hitem"). iIntros "Ht". wp_pures.
      iInv "Hinv" as "[>Hb|[[>Hb _]|[>Hb _]]]"; wp_store; iModIntro;
        (iSplitL "Hb Ht"; [iNext; iRight; iLeft; by iFrame|by iApply "HΦ"]).
  Qed.

  (** What has been received: nothing, or the one item. *)
  Definition received γ1 k (sum : Z) : iProp Σ :=
    ⌜k = 0 ∧ sum = 0%Z⌝ ∨ ⌜sum = 1%Z⌝ ∗ ghost_var γ1 1 ().

  Lemma receive_all_spec (N : namespace) γ1 γ q k (sum : Z) :
    is_ending F N (one γ1) γ q -∗
    {{{ receiver F γ q k ∗ received γ1 k sum }}} receive_all #q #sum
    {{{ m (total : Z), RET #total; ended γ m ∗ received γ1 m total }}}.
  Proof.
    iIntros "#Hend !>" (Φ) "[Hr Hsum] HΦ". iLöb as "IH" forall (k sum). wp_lam. wp_pures.
    wp_apply (pop_until_end_spec with "Hend Hr"). iIntros ([[n| |]|]) "H"; [..|].
    - iDestruct "H" as (v) "(_ & Hitem & Hr)". wp_pures.
      wp_apply (value_of_one with "Hitem"). iIntros "Ht". wp_pures.
      iApply ("IH" with "Hr [Hsum Ht] HΦ"). iDestruct "Hsum" as "[[_ ->]|[_ Ht']]".
      + iRight. by iFrame.
      + by iDestruct (ghost_var_valid_2 with "Ht Ht'") as %[? _].
    - wp_pures. by iApply ("IH" with "H Hsum HΦ").
    - done.
    - iDestruct "H" as "[#Hm _]". wp_pures. iApply ("HΦ" $! k sum). by iFrame "Hm Hsum".
  Qed.

  Lemma await_spec (N : namespace) γ1 γ q back m (sum : Z) :
    is_ending F N (one γ1) γ q -∗ inv (N .@ "result") (result γ1 γ back) -∗ ended γ m -∗
    {{{ received γ1 m sum }}} await #back {{{ (x : Z), RET #x; ⌜(sum + x)%Z = 1%Z⌝ }}}.
  Proof.
    iIntros "#Hend #Hinv #Hm !>" (Φ) "Hsum HΦ". iLöb as "IH". wp_lam. wp_bind (! _)%E.
    iInv "Hinv" as "[>Hb|[[>Hb >Ht]|[>Hb #Hsent]]]"; wp_load.
    - iModIntro. iSplitL "Hb"; first (iNext; by iLeft). wp_pures. by iApply ("IH" with "Hsum HΦ").
    - iDestruct "Hsum" as "[[_ ->]|[_ Ht']]";
        last by iDestruct (ghost_var_valid_2 with "Ht Ht'") as %[? _].
      iModIntro. iSplitL "Hb Ht"; first (iNext; iRight; iLeft; by iFrame).
      wp_pures. by iApply "HΦ".
    - iModIntro. iSplitL "Hb"; first (iNext; iRight; iRight; by iFrame).
      iDestruct "Hsent" as (i v) "Hsent".
      iMod (sent_before_end with "Hend Hm Hsent") as %Hi.
      iDestruct "Hsum" as "[[-> _]|[-> _]]"; first lia. wp_pures. by iApply "HΦ".
  Qed.

  Lemma received_or_handed_back_spec : ⊢ WP received_or_handed_back #() {{ v, ⌜v = #1⌝ }}.
  Proof.
    iStartProof. wp_lam. iMod (ghost_var_alloc ()) as (γ1) "Ht".
    wp_apply (new_ending_spec F nroot (one γ1) with "[//]").
    iIntros (q γ) "(#Hend & Hr & Hs)". wp_pures. wp_alloc back as "Hb".
    iMod (inv_alloc (nroot .@ "result") _ (result γ1 γ back) with "[Hb]") as "#Hinv".
    { iNext. by iLeft. }
    wp_pures. wp_apply (wp_fork with "[Ht Hs]").
    { iNext. by wp_apply (push_one_spec with "Hend Hinv [$Hs $Ht]"). }
    wp_pures. wp_apply (close_consumer_spec with "Hend Hr"). iIntros (m) "(_ & _ & Hr)". wp_pures.
    wp_apply (receive_all_spec _ _ _ _ 0 0 with "Hend [$Hr]"); first by iLeft.
    iIntros (m' total) "[#Hm Hsum]". wp_pures.
    wp_apply (await_spec with "Hend Hinv Hm Hsum"). iIntros (x <-). by wp_pures.
  Qed.
End program.

Definition closing_exampleΣ : gFunctors :=
  #[heapΣ; invariant.gap_freeΣ; endingΣ; ghost_varΣ unit].

Definition closable_gap_free_program : program :=
  Program closing.code.new closing.code.push_chain closing.code.pop
    batch.code.park batch.code.unpark.

(** From any state of the heap, in any interleaving: no thread gets stuck, and if the main thread
    ends, the item was received or handed back, and not both. *)
Theorem gap_free_end σ :
  adequate NotStuck
    (received_or_handed_back closable_gap_free_program closing.code.close #()) σ (λ v _, v = #1).
Proof.
  apply (heap_adequacy closing_exampleΣ). iIntros (?) "_".
  iApply (received_or_handed_back_spec closing.form.closable_gap_free).
Qed.
