// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/cc_event_log.h"

#include <algorithm>

#include "attest/evidence/event_log.h"

namespace ct::attest::tdx {

Result<std::array<ByteArray<48>, 4>> replay_rtmrs(ByteView log) {
    CT_TRY(auto reader, tpm::EventLogReader::open(log, crypto::Hash::sha384));
    std::array<ByteArray<48>, 4> values{};
    while (true) {
        CT_TRY(const auto event, reader.next());
        if (!event) return values;
        if (event->type == tpm::kEventNoAction) continue;
        if (event->pcr == 0 || event->pcr > values.size())
            return fail(Reason::evidence_malformed, "event log: an event for a register that nothing extends");
        auto& value = values[event->pcr - 1];
        std::ranges::copy(crypto::digest(crypto::Hash::sha384, {value, event->digest}), value.begin());
    }
}

}  // namespace ct::attest::tdx
