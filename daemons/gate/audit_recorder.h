// SPDX-License-Identifier: Apache-2.0
// The Recorder of the running gate: record files and the audit stream, both or neither.
#pragma once

#include "audit/sink.h"
#include "daemons/gate/ports.h"
#include "daemons/gate/quotas.h"
#include "daemons/gate/record_store.h"
#include "loop/event.h"

namespace ct::gate {

class AuditRecorder final : public Recorder {
public:
    AuditRecorder(EventLoop& loop, audit::Sink& sink, RecordStore store)
        : loop_(loop), sink_(sink), store_(std::move(store)) {}

    Status store(const action::Store& what, const std::string& address) override;
    void replace(RecordStore store) { store_ = std::move(store); }
    [[nodiscard]] RecordStore& files() { return store_; }
    [[nodiscard]] std::uint64_t unrecorded() const { return unrecorded_; }

private:
    bool affordable(const action::Store& what);
    Status write_event(const action::Store& what, const std::string& address);

    EventLoop& loop_;
    audit::Sink& sink_;
    RecordStore store_;
    // Refusals a minute: of all strangers together, and for each key of a node those that are its own, those for which a judge
    // broke, those that are alarms and the others; a large record counts for more. More of them are answered and counted, but
    // neither recorded nor put into the journal: whoever reaches the port could write to the disk otherwise, and push out the
    // records that tell what it did.
    Allowance strangers_{30};
    KeyedAllowance shut_out_{6}, broken_{60}, alarms_{60}, refusals_{60};
    std::uint64_t unrecorded_ = 0;
};

}  // namespace ct::gate
