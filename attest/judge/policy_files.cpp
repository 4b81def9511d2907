// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/policy_files.h"

#include <algorithm>
#include <filesystem>

#include "base/fd.h"

namespace ct::judge {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> list(const std::string& path) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::is_regular_file(status)) return std::vector<fs::path>{path};
    if (!fs::is_directory(status))
        return fail(Reason::config_missing, path + ": no such policy file or folder; put [workload.NAME] tables there");
    std::vector<fs::path> out;
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
        const auto& file = at->path();
        if (file.extension() != ".toml" || file.filename().native().starts_with('.')) continue;
        if (out.size() == kPolicyFiles)
            return fail(Reason::too_large, path + ": more than " + std::to_string(kPolicyFiles) + " policy files");
        out.push_back(file);
    }
    if (error) return fail_errno(Reason::io_failed, path, error.value());
    if (out.empty())
        return fail(Reason::config_missing, path + ": no *.toml in this folder; write a policy for at least one workload");
    std::ranges::sort(out, {}, [](const fs::path& file) { return file.filename().native(); });
    return out;
}

}  // namespace

Result<std::vector<PolicyFile>> read_policy_files(const std::string& path) {
    CT_TRY(auto paths, list(path));
    std::vector<PolicyFile> files;
    std::size_t total = 0;
    for (const auto& file : paths) {
        CT_TRY(auto text, read_file(file, kPolicyFileSize));
        total += text.size();
        if (total > kPolicySize)
            return fail(Reason::too_large,
                        path + ": the policy is over " + std::to_string(kPolicySize) + " bytes in all its files");
        files.push_back({file.filename(), std::move(text), file});
    }
    return files;
}

}  // namespace ct::judge
