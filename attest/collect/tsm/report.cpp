// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tsm/report.h"

#include <unistd.h>

#include <charconv>
#include <string>
#include <thread>

namespace ct::attest::tsm {
namespace {

constexpr std::size_t kShort = 256;         // attributes that are a word or a number
constexpr std::size_t kBlob = 64UZ * 1024;  // twice what the kernel lets a report or a certificate table have
constexpr int kAttempts = 8;
constexpr std::uint64_t kMostPrivilege = 3;  // as the kernel has it

// One that we made goes with the report, however that ends.
class Entry {
public:
    explicit Entry(Folder& folder) : folder_(folder) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() {
        if (made_) folder_.remove(name_);
    }

    Status open() {
        if (folder_.read(kEntry, "provider", kShort)) return {};
        name_ += "-" + std::to_string(::getpid());
        CT_CHECK(folder_.make(name_));
        made_ = true;
        return {};
    }
    Status write(const char* attribute, ByteView value) {
        CT_CHECK(folder_.write(name_, attribute, value));
        ++written_;
        return {};
    }
    Result<Bytes> read(const char* attribute, std::size_t most) { return folder_.read(name_, attribute, most); }

    Result<std::string> word(const char* attribute) {
        CT_TRY(const Bytes bytes, read(attribute, kShort));
        const std::string_view text = as_text(bytes);
        return std::string(text.substr(0, text.find('\n')));
    }
    Result<std::uint64_t> number(const char* attribute) {
        CT_TRY(const std::string digits, word(attribute));
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size())
            return fail(Reason::evidence_device_failed, std::string(attribute) + " of a report is no number");
        return value;
    }
    [[nodiscard]] std::uint64_t written() const { return written_; }

private:
    Folder& folder_;
    std::string name_ = kEntry;
    bool made_ = false;
    std::uint64_t written_ = 0;
};

// nullopt: somebody else wrote in between, and the answer may be to their question.
Result<std::optional<Report>> try_once(Folder& folder, const Question& question) {
    Entry entry(folder);
    CT_CHECK(entry.open());
    CT_TRY(const std::string provider, entry.word("provider"));
    if (provider != question.provider)
        return fail(Reason::evidence_device_absent, "this machine's reports are by " + provider);
    CT_TRY(const std::uint64_t before, entry.number("generation"));
    if (question.privilege) {
        const std::string level = std::to_string(*question.privilege);
        CT_CHECK(entry.write("privlevel", as_bytes(level)));
    }
    CT_CHECK(entry.write("inblob", question.data));
    Report report;
    CT_TRY(report.out, entry.read("outblob", kBlob));
    if (question.auxiliary) {
        auto more = entry.read("auxblob", kBlob);
        if (!more && more.error().sys_errno != ENOENT) return std::unexpected(more.error());
        if (more) report.auxiliary = std::move(*more);
    }
    CT_TRY(const std::uint64_t after, entry.number("generation"));
    if (after != before + entry.written()) return std::nullopt;
    return report;
}

}  // namespace

Result<Machine> probe(Folder& folder) {
    Entry entry(folder);
    CT_CHECK(entry.open());
    Machine out;
    CT_TRY(out.provider, entry.word("provider"));
    const auto floor = entry.number("privlevel_floor");
    if (!floor && floor.error().sys_errno != ENOENT) return std::unexpected(floor.error());
    if (floor.value_or(0) > kMostPrivilege)
        return fail(Reason::evidence_device_failed, "a privilege floor beyond all levels");
    out.privilege_floor = static_cast<unsigned>(floor.value_or(0));
    return out;
}

Result<Report> make_report(Folder& folder, const Question& question, Millis first_pause) {
    auto pause = first_pause;
    for (int attempt = 1;; ++attempt, pause *= 2) {
        auto report = try_once(folder, question);
        if (report && *report) return std::move(**report);
        const bool passing = report || report.error().sys_errno == EBUSY || report.error().sys_errno == EAGAIN ||
                             report.error().sys_errno == EINTR;
        if (!passing) return std::unexpected(report.error());
        if (attempt == kAttempts)
            return report ? fail(Reason::evidence_device_failed, "others keep writing to our report")
                          : std::unexpected(report.error());
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace ct::attest::tsm
