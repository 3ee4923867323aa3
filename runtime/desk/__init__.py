"""What people look at: inbox, notices, the register of cases, views of one, figures."""
