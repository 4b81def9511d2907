// SPDX-License-Identifier: Apache-2.0
// Stands in for the kernel's folder of reports, with its rules: each write is one generation, a report is of the last question,
// and whoever else writes shows.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "attest/collect/tsm/folder.h"

namespace ct::test {

class SimulatedReports final : public attest::tsm::Folder {
public:
    struct State {
        std::string provider = "tdx_guest";
        std::function<Bytes(ByteView)> answer = [](ByteView question) { return to_vector(question); };
        std::map<std::string, std::string> more;  // further attributes
        bool absent = false;
        int busy = 0;    // reads of outblob that fail before one succeeds
        int error = 0;   // errno of those; EBUSY if 0
        int rivals = 0;  // reports for which somebody else's question comes between ours and the answer

        std::vector<std::string> entries;  // that are there now
        std::map<std::string, Bytes> written;
        std::uint32_t generation = 7;
        int made = 0;
    };
    explicit SimulatedReports(std::shared_ptr<State> state) : state_(std::move(state)) {}

    Status make(const std::string& entry) override;
    void remove(const std::string& entry) override;
    Status write(const std::string& entry, const std::string& attribute, ByteView value) override;
    Result<Bytes> read(const std::string& entry, const std::string& attribute, std::size_t most) override;

private:
    std::shared_ptr<State> state_;
};

}  // namespace ct::test
