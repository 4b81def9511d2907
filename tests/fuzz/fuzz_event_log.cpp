// SPDX-License-Identifier: Apache-2.0
// The firmware's event log, read and replayed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/cc_event_log.h"
#include "attest/evidence/event_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const ByteView log(data, size);
    for (const crypto::Hash bank : {crypto::Hash::sha256, crypto::Hash::sha384}) {
        auto reader = attest::tpm::EventLogReader::open(log, bank);
        bool whole = reader.has_value();
        std::size_t bytes = 0;
        while (whole) {
            const auto event = reader->next();
            whole = event.has_value();
            if (!whole || !*event) break;
            bytes += (*event)->data.size() + (*event)->digest.size();
            if (bytes > size || (*event)->digest.size() != crypto::digest_size(bank)) std::abort();
        }
        // What reads to its end replays, but for a StartupLocality out of place; what does not, never does.
        if (attest::tpm::replay(log, bank).has_value() && !whole) std::abort();
        if (bank == crypto::Hash::sha384 && attest::tdx::replay_rtmrs(log).has_value() && !whole) std::abort();
    }
    return 0;
}
