// SPDX-License-Identifier: Apache-2.0
#include "support/simulated_tsm.h"

#include <algorithm>

namespace ct::test {

Status SimulatedReports::make(const std::string& entry) {
    if (state_->absent) return fail_errno(Reason::evidence_device_absent, "reports", ENOENT);
    if (std::ranges::find(state_->entries, entry) == state_->entries.end()) state_->entries.push_back(entry);
    ++state_->made;
    return {};
}

void SimulatedReports::remove(const std::string& entry) { std::erase(state_->entries, entry); }

Status SimulatedReports::write(const std::string& entry, const std::string& attribute, ByteView value) {
    if (std::ranges::find(state_->entries, entry) == state_->entries.end())
        return fail_errno(Reason::evidence_device_failed, attribute, ENOENT);
    state_->written[attribute] = to_vector(value);
    ++state_->generation;
    return {};
}

Result<Bytes> SimulatedReports::read(const std::string& entry, const std::string& attribute, std::size_t most) {
    const auto text = [](const std::string& word) { return to_vector(as_bytes(word + "\n")); };
    if (std::ranges::find(state_->entries, entry) == state_->entries.end())
        return fail_errno(Reason::evidence_device_failed, attribute, ENOENT);
    if (attribute == "provider") return text(state_->provider);
    if (attribute == "generation") return text(std::to_string(state_->generation));
    if (attribute == "outblob") {
        if (state_->busy > 0) {
            --state_->busy;
            return fail_errno(Reason::evidence_device_failed, attribute, state_->error != 0 ? state_->error : EBUSY);
        }
        if (state_->rivals > 0) {
            --state_->rivals;
            ++state_->generation;
            state_->written["inblob"] = Bytes(64, 0xbb);
        }
        Bytes out = state_->answer(state_->written["inblob"]);
        if (out.size() > most) return fail(Reason::evidence_device_failed, "larger than asked for");
        return out;
    }
    const auto found = state_->more.find(attribute);
    if (found == state_->more.end()) return fail_errno(Reason::evidence_device_failed, attribute, ENOENT);
    return to_vector(as_bytes(found->second));
}

}  // namespace ct::test
