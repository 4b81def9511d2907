// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include "audit/fields.h"
#include "base/fd.h"
#include "codec/utf8.h"

namespace ct::audit {
namespace {

void append_quoted(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    const bool is_text = valid_utf8(text);
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else if (byte >= 0x80 && !is_text) {
            out += "\\ufffd";
        } else {
            out += c;
        }
    }
    out += '"';
}

std::string now() {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    tm parts{};
    ::gmtime_r(&t.tv_sec, &parts);
    char text[40];
    const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string micros = std::to_string(1'000'000 + t.tv_nsec / 1000);
    return std::string(text, size) + "." + micros.substr(1) + "Z";
}

class FileSink final : public Sink {
public:
    FileSink(Fd fd, std::string path, std::string identifier)
        : fd_(std::move(fd)), path_(std::move(path)), identifier_(std::move(identifier)) {}

    Status write(const Record& record) override {
        std::string line = "{";
        const auto add = [&line](std::string_view name, std::string_view value) {
            if (line.size() > 1) line += ',';
            append_quoted(line, name);
            line += ':';
            append_quoted(line, value);
        };
        add("time", now());
        add("daemon", identifier_);
        add("message_id", message_id(record.type));
        for (const auto& [name, value] : flatten(record))
            add(name, value);
        line += "}\n";
        // O_APPEND and one write: lines of several daemons do not mix. A full disk may tear a line; the next record then
        // starts with the newline that is missing.
        if (torn_) line.insert(0, "\n");
        const ssize_t n = ::write(fd_.get(), line.data(), line.size());
        if (n > 0) torn_ = static_cast<std::size_t>(n) != line.size();
        if (n < 0) return fail_errno(Reason::audit_unavailable, path_);
        if (static_cast<std::size_t>(n) != line.size())
            return fail(Reason::audit_unavailable, path_ + ": the disk is full");
        return {};
    }

private:
    Fd fd_;
    std::string path_;
    std::string identifier_;
    bool torn_ = false;
};

}  // namespace

Result<std::unique_ptr<Sink>> file_sink(const std::string& path, std::string identifier) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600));
    if (!fd) return fail_errno(Reason::audit_unavailable, path);
    return std::make_unique<FileSink>(std::move(fd), path, std::move(identifier));
}

}  // namespace ct::audit
