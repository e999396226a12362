job "shop" {
  type = "service"

  # The new one serves before an old one is told to end; what does not come up goes back.
  update {
    max_parallel      = 1
    health_check      = "checks"
    min_healthy_time  = "10s"
    healthy_deadline  = "2m"
    progress_deadline = "5m"
    auto_revert       = true
  }

  group "shop" {
    count = 3

    network {
      port "http" {
        to = 8080
      }
    }

    # fectld replaces workers by itself. What is restarted here is fectld, after it has ended.
    restart {
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    service {
      name     = "shop"
      port     = "http"
      provider = "nomad"

      check {
        type     = "http"
        path     = "/"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "shop" {
      driver = "podman"
      user   = "65532:65532"

      # Out of the balancers at once, and SIGTERM then: stop_delay of fectld.toml may be left out with it.
      shutdown_delay = "5s"

      # stop_delay and shutdown_timeout of fectld.toml, and 5 s more: 5 + 25 + 5.
      kill_signal  = "SIGTERM"
      kill_timeout = "35s"

      config {
        image           = "shop"
        ports           = ["http"]
        readonly_rootfs = true
        tmpfs           = ["/run/fectl"]
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
