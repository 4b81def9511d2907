// SPDX-License-Identifier: Apache-2.0
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>

#include "audit/fields.h"

namespace ct::audit {
namespace {

const char* priority(Severity severity) {
    switch (severity) {
        case Severity::routine:
            return "5";
        case Severity::warning:
            return "4";
        case Severity::alarm:
            return "1";
    }
    return "1";
}

class JournalSink final : public Sink {
public:
    explicit JournalSink(std::string identifier) : identifier_(std::move(identifier)) {}

    Status write(const Record& record) override {
        // sd_journal_sendv() reports success when there is no journal.
        if (::access("/run/systemd/journal/socket", W_OK) != 0)
            return fail_errno(Reason::audit_unavailable, "the journal");
        std::vector<std::string> lines;
        lines.push_back("MESSAGE=" + message(record));
        lines.push_back("MESSAGE_ID=" + std::string(message_id(record.type)));
        lines.push_back(std::string("PRIORITY=") + priority(record.severity));
        lines.push_back("SYSLOG_IDENTIFIER=" + identifier_);
        for (auto& [name, value] : flatten(record)) {
            std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
            lines.push_back("CT_" + name + "=" + value);
        }
        std::vector<iovec> parts;
        for (auto& line : lines)
            parts.push_back({line.data(), line.size()});
        const int r = sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
        if (r < 0) return fail_errno(Reason::audit_unavailable, "the journal", -r);
        return {};
    }

private:
    std::string identifier_;
};

}  // namespace

std::unique_ptr<Sink> journal_sink(std::string identifier) {
    return std::make_unique<JournalSink>(std::move(identifier));
}

Result<std::unique_ptr<Sink>> open_sink(std::optional<config::Node> table, const std::string& identifier) {
    if (table) {
        CT_CHECK(table->only({"file"}));
        if (const auto file = table->get("file")) {
            CT_TRY(const std::string path, file->as_string());
            if (!path.starts_with('/')) return file->error("expected an absolute path");
            return file_sink(path, identifier);
        }
    }
    return journal_sink(identifier);
}

}  // namespace ct::audit
