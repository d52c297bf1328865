#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iterator>

namespace spimi::cli {
namespace {

constexpr int kStopping[] = {SIGINT, SIGTERM, SIGHUP};
constexpr int kIgnored[] = {SIGPIPE, SIGXFSZ};

// A handler reaches nothing but globals.
std::atomic<bool> g_requested{false};
std::atomic<int> g_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

struct sigaction g_stopping_before[std::size(kStopping)];
struct sigaction g_ignored_before[std::size(kIgnored)];

void on_signal(int signal_number) {
  if (g_requested.exchange(true)) {
    // Blocked until the handler returns, and delivered then.
    ::signal(signal_number, SIG_DFL);
    ::raise(signal_number);
    return;
  }
  g_signal = signal_number;
}

}  // namespace

StopSignals::StopSignals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  // The library polls the flag; a read or write that failed with EINTR would only look like a
  // failure.
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < std::size(kStopping); ++i) {
    ::sigaction(kStopping[i], nullptr, &g_stopping_before[i]);
    if (g_stopping_before[i].sa_handler == SIG_IGN) continue;
    ::sigaction(kStopping[i], &action, nullptr);
  }
  action.sa_handler = SIG_IGN;
  for (std::size_t i = 0; i < std::size(kIgnored); ++i) {
    ::sigaction(kIgnored[i], &action, &g_ignored_before[i]);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < std::size(kStopping); ++i) {
    ::sigaction(kStopping[i], &g_stopping_before[i], nullptr);
  }
  for (std::size_t i = 0; i < std::size(kIgnored); ++i) {
    ::sigaction(kIgnored[i], &g_ignored_before[i], nullptr);
  }
}

const std::atomic<bool>& StopSignals::requested() { return g_requested; }

const char* StopSignals::name() {
  switch (g_signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "a signal";
  }
}

void StopSignals::die() {
  const int signal_number = g_signal != 0 ? g_signal.load() : SIGTERM;
  ::signal(signal_number, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal_number);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal_number);
  std::_Exit(128 + signal_number);  // Not reached.
}

}  // namespace spimi::cli
