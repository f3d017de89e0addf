"""Some of the API's tests once more, on PostgreSQL and two workers: what one has written, the other one reads."""

from tests.api.support import SDK_WARNINGS
from tests.api.test_account_balances import (
    ledger,
    test_accounts_do_not_touch_each_other,
    test_every_kind_counts_and_drafts_do_not,
)
from tests.api.test_idempotency import (
    test_a_failure_is_replayed_byte_for_byte,
    test_a_key_belongs_to_one_client,
    test_a_key_of_another_body_or_address_is_refused,
    test_a_replay_tells_of_the_past_and_not_of_the_present,
    test_a_success_is_replayed_byte_for_byte,
)
from tests.api.test_sdk_documents import (
    books,
    test_a_memo_reads_back_as_it_was_made,
    test_a_set_in_use_cannot_be_deleted_until_its_account_has_another,
    test_from_a_set_to_posted_memos,
    test_memos_are_listed_by_account_number_and_status,
    test_unposting_keeps_the_number,
)

__all__ = [
    "books",
    "ledger",
    "test_a_failure_is_replayed_byte_for_byte",
    "test_a_key_belongs_to_one_client",
    "test_a_key_of_another_body_or_address_is_refused",
    "test_a_memo_reads_back_as_it_was_made",
    "test_a_replay_tells_of_the_past_and_not_of_the_present",
    "test_a_set_in_use_cannot_be_deleted_until_its_account_has_another",
    "test_a_success_is_replayed_byte_for_byte",
    "test_accounts_do_not_touch_each_other",
    "test_every_kind_counts_and_drafts_do_not",
    "test_from_a_set_to_posted_memos",
    "test_memos_are_listed_by_account_number_and_status",
    "test_unposting_keeps_the_number",
]

pytestmark = list(SDK_WARNINGS)
