// SPDX-License-Identifier: Apache-2.0
// Stands in for the kernel's folder of reports, with its rules (Linux, drivers/virt/coco/tsm.c): each write is one generation, a
// report is of the last question and kept until the next, and whoever else writes shows.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "attest/collect/tsm/folder.h"

namespace ct::test {

class SimulatedReports final : public attest::tsm::Folder {
public:
    struct Answer {
        Bytes out, auxiliary;
    };
    struct State {
        std::string provider = "tdx_guest";
        std::function<Answer(ByteView data, unsigned level)> answer = [](ByteView data, unsigned) {
            return Answer{to_vector(data), {}};
        };
        unsigned floor = 0;  // of privilege levels, which "sev_guest" alone has, with auxblob
        bool absent = false;
        int busy = 0;    // reads of outblob that fail before one succeeds
        int error = 0;   // errno of those; EBUSY if 0
        int rivals = 0;  // reports for which somebody else's question comes between ours and the answer

        struct Entry {
            Bytes question;
            unsigned level = 0;
            std::uint64_t written = 0, answered = 0;  // generations
            Answer kept;
        };
        std::map<std::string, Entry> entries;  // that are there now
        std::map<std::string, Bytes> written;  // last, by attribute
        int made = 0;                          // entries
        int answers = 0;                       // reports that the "hardware" made
    };
    explicit SimulatedReports(std::shared_ptr<State> state) : state_(std::move(state)) {}

    Status make(const std::string& entry) override;
    void remove(const std::string& entry) override;
    Status write(const std::string& entry, const std::string& attribute, ByteView value) override;
    Result<Bytes> read(const std::string& entry, const std::string& attribute, std::size_t most) override;
    // Of every entry.
    [[nodiscard]] std::vector<std::string> attributes() const;

private:
    Result<Bytes> blob(State::Entry& entry, bool auxiliary);
    [[nodiscard]] bool has_levels() const { return state_->provider == "sev_guest"; }
    std::shared_ptr<State> state_;
};

}  // namespace ct::test
