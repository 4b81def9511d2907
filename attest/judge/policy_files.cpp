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
    const bool one_file = fs::is_regular_file(status);
    if (!one_file && !fs::is_directory(status))
        return fail(Reason::config_missing, path + ": no such policy file or folder; put [workload.NAME] tables there");
    std::vector<fs::path> out;
    if (one_file) out.emplace_back(path);
    const fs::path folder = one_file ? fs::absolute(path).parent_path() : fs::path(path);
    bool found = one_file;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const auto& file = at->path();
        const bool policy = file.extension() == ".toml" && !one_file;
        if ((!policy && file.extension() != ".pem") || file.filename().native().starts_with('.')) continue;
        found = found || policy;
        if (out.size() == kPolicyFiles)
            return fail(Reason::too_large, path + ": more than " + std::to_string(kPolicyFiles) + " policy files");
        out.push_back(file);
    }
    if (error) return fail_errno(Reason::io_failed, folder, error.value());
    if (!found)
        return fail(Reason::config_missing,
                    path + ": no *.toml in this folder; write a policy for at least one workload");
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
