// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tsm/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace ct::attest::tsm {
namespace {

constexpr ::mode_t kOwnerOnly = 0700;

class ConfigFolder final : public Folder {
public:
    explicit ConfigFolder(std::string path) : path_(std::move(path)) {}

    Status make(const std::string& entry) override {
        if (::mkdir(at(entry).c_str(), kOwnerOnly) == 0 || errno == EEXIST) return {};
        // No configfs, no driver, or one that cannot report.
        const bool absent = errno == ENOENT || errno == ENXIO || errno == ENODEV;
        return fail_errno(absent ? Reason::evidence_device_absent : Reason::evidence_device_failed, path_);
    }

    void remove(const std::string& entry) override { ::rmdir(at(entry).c_str()); }

    Status write(const std::string& entry, const std::string& attribute, ByteView value) override {
        const std::string file = at(entry) + "/" + attribute;
        const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
        if (!fd) return fail_errno(Reason::evidence_device_failed, file);
        const ssize_t written = ::write(fd.get(), value.data(), value.size());
        if (written < 0) return fail_errno(Reason::evidence_device_failed, file);
        if (static_cast<std::size_t>(written) != value.size()) return fail(Reason::evidence_device_failed, file);
        return {};
    }

    Result<Bytes> read(const std::string& entry, const std::string& attribute, std::size_t most) override {
        const auto content = read_file(at(entry) + "/" + attribute, most);
        if (!content)
            return fail_errno(Reason::evidence_device_failed, content.error().context, content.error().sys_errno);
        return to_vector(as_bytes(*content));
    }

private:
    [[nodiscard]] std::string at(const std::string& entry) const { return path_ + "/" + entry; }
    std::string path_;
};

}  // namespace

std::unique_ptr<Folder> open_folder(std::string path) { return std::make_unique<ConfigFolder>(std::move(path)); }

}  // namespace ct::attest::tsm
