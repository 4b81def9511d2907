// SPDX-License-Identifier: Apache-2.0
// The firmware's measurement log in crypto-agile form. TCG PC Client Platform Firmware Profile, section 10.
#pragma once

#include <array>
#include <optional>

#include "attest/evidence/cursor.h"
#include "attest/evidence/pcr.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tpm {

// One TCG_PCR_EVENT2. Views point into the log.
struct Event {
    std::uint32_t pcr = 0;
    std::uint32_t type = 0;
    ByteView digest;  // of the bank that the reader was opened for
    // Not to be trusted: the digest covers it for some event types only.
    ByteView data;
};

inline constexpr std::uint32_t kEventNoAction = 3;  // never extended

// Walks over the log without copying, up to its end or the unused rest of the firmware's area (all 0xff or 0). Every event must carry exactly one digest for each algorithm of the header.
// evidence_too_large, evidence_malformed; evidence_event_log_missing when the log has no digests of the bank.
class EventLogReader {
public:
    static Result<EventLogReader> open(ByteView log, crypto::Hash bank);
    // nullopt at the end.
    Result<std::optional<Event>> next();

private:
    struct Algorithm {
        std::uint16_t id = 0;
        std::uint16_t digest_size = 0;
    };
    static constexpr std::size_t kMostAlgorithms = 8;

    EventLogReader(ByteView log, std::uint16_t bank) : in_(log), bank_(bank) {}
    Status read_header();
    [[nodiscard]] const Algorithm* find(std::uint16_t id) const;

    Cursor in_;
    std::uint16_t bank_;
    std::array<Algorithm, kMostAlgorithms> algorithms_{};
    std::size_t algorithm_count_ = 0;
};

// The PCR values that the log leads to. Honours a StartupLocality event; it must come before PCR 0 is extended.
Result<PcrBank> replay(ByteView log, crypto::Hash bank);

}  // namespace ct::attest::tpm
