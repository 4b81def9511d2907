// SPDX-License-Identifier: Apache-2.0
#include "support/simulated_tsm.h"

#include <algorithm>
#include <charconv>

namespace ct::test {
namespace {

constexpr std::size_t kQuestion = 64;
constexpr unsigned kMostPrivilege = 3;

std::unexpected<Error> failed(const std::string& attribute, int error) {
    return fail_errno(Reason::evidence_device_failed, attribute, error);
}

}  // namespace

std::vector<std::string> SimulatedReports::attributes() const {
    std::vector<std::string> out{"generation", "provider", "inblob", "outblob"};
    if (has_levels()) out.insert(out.end(), {"privlevel", "privlevel_floor", "auxblob"});
    return out;
}

Status SimulatedReports::make(const std::string& entry) {
    if (state_->absent) return fail_errno(Reason::evidence_device_absent, "reports", ENOENT);
    state_->entries.try_emplace(entry);
    ++state_->made;
    return {};
}

void SimulatedReports::remove(const std::string& entry) { state_->entries.erase(entry); }

Status SimulatedReports::write(const std::string& entry, const std::string& attribute, ByteView value) {
    const auto at = state_->entries.find(entry);
    if (at == state_->entries.end()) return failed(attribute, ENOENT);
    State::Entry& report = at->second;
    if (attribute == "inblob") {
        if (value.size() > kQuestion) return failed(attribute, EFBIG);
        report.question = to_vector(value);
    } else if (attribute == "privlevel" && has_levels()) {
        const std::string_view text = as_text(value);
        unsigned level = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), level).ec != std::errc{} || level < state_->floor ||
            level > kMostPrivilege)
            return failed(attribute, EINVAL);
        report.level = level;
    } else {
        return failed(attribute, ENOENT);
    }
    state_->written[attribute] = to_vector(value);
    ++report.written;
    return {};
}

Result<Bytes> SimulatedReports::blob(State::Entry& entry, bool auxiliary) {
    if (entry.question.empty()) return failed("no inblob", EINVAL);
    if (state_->busy > 0) {
        --state_->busy;
        return failed("outblob", state_->error != 0 ? state_->error : EBUSY);
    }
    if (!auxiliary && state_->rivals > 0) {
        --state_->rivals;
        entry.question = Bytes(kQuestion, 0xbb);
        ++entry.written;
    }
    if (entry.kept.out.empty() || entry.answered != entry.written) {
        if (entry.question.size() != kQuestion) return failed("inblob", EINVAL);
        entry.kept = state_->answer(entry.question, entry.level);
        entry.answered = entry.written;
        ++state_->answers;
    }
    return auxiliary ? entry.kept.auxiliary : entry.kept.out;
}

Result<Bytes> SimulatedReports::read(const std::string& entry, const std::string& attribute, std::size_t most) {
    const auto text = [](const std::string& word) { return to_vector(as_bytes(word + "\n")); };
    const auto at = state_->entries.find(entry);
    if (at == state_->entries.end()) return failed(attribute, ENOENT);
    if (attribute == "provider") return text(state_->provider);
    if (attribute == "generation") return text(std::to_string(at->second.written));
    if (attribute == "privlevel_floor" && has_levels()) return text(std::to_string(state_->floor));
    if (attribute != "outblob" && (attribute != "auxblob" || !has_levels())) return failed(attribute, ENOENT);
    CT_TRY(Bytes out, blob(at->second, attribute == "auxblob"));
    if (out.size() > most) return fail(Reason::evidence_device_failed, "larger than asked for");
    return out;
}

}  // namespace ct::test
